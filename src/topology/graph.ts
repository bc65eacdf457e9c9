/**
 * What a builder writes down: its calls, in order, as data. Nothing has a name yet that the user didn't give, and no repartition is decided:
 * both depend on the order of all calls and are the work of the passes of `build()`.
 */
import type { AnySerde } from '../model/serde.ts'
import type { AnyStoreSpec } from '../state/store-spec.ts'
import type { OnError } from './error-decision.ts'
import type { StartFrom, TimestampPolicy } from './node.ts'
import type { AnyOperator, AnyPartitioner, SinkSpec } from './operator.ts'

/** A store, declared before the step that uses it: `addStateStore`, and the store of a table, which takes its index before the source. */
export interface StoreCall {
  readonly kind: 'store'
  readonly spec: AnyStoreSpec
  /** Prefix of its name where it has none; undefined: it must have one. */
  readonly role: string | undefined
  /** Serdes for those the spec leaves out. */
  readonly key?: AnySerde | undefined
  readonly value?: AnySerde | undefined
}

/** Takes a name for a step that comes later: Kafka Streams names the result of a join before its sides. */
export interface NameCall {
  readonly kind: 'name'
  readonly name: string | undefined
  readonly role: string
}

/** Reads topics. */
export interface SourceCall {
  readonly kind: 'source'
  readonly name: string | undefined
  readonly topics: readonly string[]
  readonly pattern: RegExp | undefined
  readonly key: AnySerde
  readonly value: AnySerde
  readonly timestamp: TimestampPolicy
  readonly startFrom: StartFrom
  /** Whether the topics are read as a stream, as a table, or as a table that every instance has all of. */
  readonly as: 'stream' | 'table' | 'global table'
  readonly onError?: OnError | undefined
}

/** Runs an operator. */
export interface StepCall {
  readonly kind: 'step'
  readonly name: string | undefined
  readonly operator: AnyOperator
  readonly parents: readonly Call[]
  /** Serdes of what comes in, for a repartition before it. */
  readonly key: AnySerde | undefined
  readonly value: AnySerde | undefined
  /** Serdes of its own store, for those that its spec leaves out. */
  readonly storeSerdes?: { readonly key: AnySerde | undefined; readonly value: AnySerde | undefined }
  /** Steps of one grouping with a name share their repartition: the same object in each. */
  readonly grouping?: object
  /** Called with the name that it was given (branches find their children by it). */
  readonly named?: (name: string) => void
  /** Where its name was taken before. */
  readonly taken?: NameCall
  readonly onError?: OnError | undefined
  /** A name that follows from its parent's: the parent's and this. */
  readonly suffix?: string
}

/** A repartition that was asked for, or that a join needs where the key was changed. */
export interface RepartitionCall {
  readonly kind: 'repartition'
  readonly when: 'always' | 'key-changed'
  readonly name: string | undefined
  readonly parents: readonly [Call]
  readonly key: AnySerde | undefined
  readonly value: AnySerde | undefined
  readonly partitions: number | undefined
  readonly partitioner: AnyPartitioner | undefined
}

/** An input of a cogroup: a repartition where its key was changed, else nothing. */
export interface GroupingCall {
  readonly kind: 'grouping'
  /** Name of the repartition; that of the store when left out. */
  readonly name: string | undefined
  readonly store: AnyStoreSpec
  readonly parents: readonly [Call]
  readonly key: AnySerde | undefined
  readonly value: AnySerde | undefined
  /** Steps of one grouping with a name share their repartition: the same object in each. */
  readonly grouping: object
}

/** A topic of the application's own inside one step: what the parents send comes out of it at its owner. */
export interface TopicCall {
  readonly kind: 'topic'
  /** The name it was given, or what precedes the generated one: it is called that and `-topic`. */
  readonly taken: NameCall
  readonly sink: string | undefined
  readonly source: string | undefined
  readonly parents: readonly Call[]
  readonly key: AnySerde | undefined
  readonly value: AnySerde | undefined
  readonly partitioner: AnyPartitioner | undefined
  /** Called with its name. */
  readonly named?: (topic: string) => void
}

/** Writes to a topic. */
export interface SinkCall {
  readonly kind: 'sink'
  readonly name: string | undefined
  readonly parents: readonly [Call]
  readonly topic: SinkSpec['topic']
  readonly key: AnySerde | undefined
  readonly value: AnySerde | undefined
  readonly partitioner: AnyPartitioner | undefined
  readonly onError?: OnError | undefined
}

/** One call. */
export type Call = StoreCall | NameCall | SourceCall | StepCall | RepartitionCall | GroupingCall | TopicCall | SinkCall
