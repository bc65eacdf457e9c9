/**
 * The nodes of a finished topology: frozen data with names. Sources and sinks are where it touches topics; a processor carries the operator
 * that knows how the step behaves. Parents are named; children follow from them in order of insertion, which is the order of records too.
 */
import type { AnySerde } from '../model/serde.ts'
import type { RecordContext } from '../model/record.ts'
import type { StoreName } from '../state/store-spec.ts'
import type { OnError } from './error-decision.ts'
import type { AnyOperator, NodeName, SinkSpec } from './operator.ts'

/** What happens to a record's time at a source: `fail` (default), `skip` or `partition-time` for negative ones, the wall clock, or a function (a negative answer drops the record). */
export type TimestampPolicy = 'fail' | 'skip' | 'partition-time' | 'wall-clock' | TimestampExtractor

/** A user's extractor whose types are forgotten. Method syntax, so that each typed one is assignable: the source it stands in feeds it what it was written for. */
export type TimestampExtractor = { extract(value: unknown, key: unknown, record: RecordContext, partitionTime: number): number }['extract']

/** Where a new group starts to read a topic; a number is a duration in milliseconds back from now. */
export type StartFrom = 'earliest' | 'latest' | 'none' | number

/** Reads topics. */
export interface SourceNode {
  readonly kind: 'source'
  readonly name: NodeName
  /** Names of topics; for an internal (repartition) topic without the application id. */
  readonly topics: readonly string[]
  readonly pattern?: RegExp
  readonly internal: boolean
  /** True: every instance reads all of it, for a global store. */
  readonly isGlobal: boolean
  readonly key: AnySerde
  readonly value: AnySerde
  readonly timestamp: TimestampPolicy
  readonly startFrom: StartFrom
  readonly parents: readonly []
  /** Decides about records that fail here; the application's when left out. */
  readonly onError?: OnError
}

/** Runs an operator. */
export interface ProcessorNode {
  readonly kind: 'processor'
  readonly name: NodeName
  readonly operator: AnyOperator
  readonly parents: readonly NodeName[]
  /** Names of the stores that it opens and that exist. */
  readonly stores: readonly StoreName[]
  /** True where a step below wants old values. */
  readonly sendsOldValues: boolean
  /** Decides about records that fail here; the application's when left out. */
  readonly onError?: OnError
}

/** Writes to a topic. */
export interface SinkNode {
  readonly kind: 'sink'
  readonly name: NodeName
  readonly sink: SinkSpec
  /** Decides about records that fail here; the application's when left out. */
  readonly onError?: OnError
  readonly parents: readonly NodeName[]
}

/** Any node. */
export type TopologyNode = SourceNode | ProcessorNode | SinkNode

/** An internal repartition topic: its name without the application id, and its partition count where the user fixed one. */
export interface RepartitionTopic {
  readonly name: string
  readonly partitions: number | undefined
}
