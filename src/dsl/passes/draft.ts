/** A topology while the passes work on it: named nodes in order of insertion, stores, repartition topics, and the mistakes found so far. */
import type { Mistake } from '../../base/errors.ts'
import type { AnySerde } from '../../model/serde.ts'
import type { AnyStoreSpec, StoreName } from '../../state/store-spec.ts'
import type { OnError } from '../../topology/error-decision.ts'
import type { SourceCall, StepCall } from '../../topology/graph.ts'
import type { RepartitionTopic } from '../../topology/node.ts'
import type { AnyOperator, NodeName, SinkSpec } from '../../topology/operator.ts'

/** A source, of a call or of a repartition topic. */
export interface DraftSource {
  readonly kind: 'source'
  readonly name: NodeName
  readonly parents: readonly NodeName[]
  readonly call: SourceCall
  readonly internal: boolean
}

/** A step. */
export interface DraftStep {
  readonly kind: 'step'
  readonly name: NodeName
  parents: readonly NodeName[]
  operator: AnyOperator
  /** Undefined for steps that a pass put in. */
  readonly call: StepCall | undefined
  sendsOldValues: boolean
}

/** A sink. */
export interface DraftSink {
  readonly kind: 'sink'
  readonly name: NodeName
  readonly parents: readonly NodeName[]
  readonly sink: SinkSpec
  readonly onError?: OnError | undefined
}

/** Any node. */
export type DraftNode = DraftSource | DraftStep | DraftSink

/** A store with its name, and the serdes to use where its spec has none. */
export interface DraftStore {
  readonly name: StoreName
  readonly spec: AnyStoreSpec
  readonly key: AnySerde | undefined
  readonly value: AnySerde | undefined
  /** True when the user named it. */
  readonly named: boolean
}

/** A repartition that was put in: its nodes, and whether the user asked for it. */
export interface DraftRepartition extends RepartitionTopic {
  /** Undefined below a regrouped table, which leaves null keys out itself. */
  readonly filter: NodeName | undefined
  readonly sink: NodeName
  readonly source: NodeName
  readonly explicit: boolean
  /** True when its name was generated. */
  readonly generated: boolean
}

/** Everything so far. */
export interface Draft {
  nodes: DraftNode[]
  readonly stores: Map<AnyStoreSpec, DraftStore>
  repartitions: DraftRepartition[]
  readonly mistakes: Mistake[]
}
