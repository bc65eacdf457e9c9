/**
 * Topic descriptors: a name with the serdes of its key and value. They are where types enter a topology; everything downstream is inferred.
 */
import type { Serde } from './serde.ts'

/** A topic with the types of its keys and values. Made by `topic()`. */
export interface Topic<K, V> {
  readonly name: string
  /** The key's serde; null never reaches it. */
  readonly key: Serde<Exclude<K, null>>
  /** The value's serde; null never reaches it. */
  readonly value: Serde<Exclude<V, null>>
  /** Which sides may be null. It only shapes the types. */
  readonly nullable?: Nullable
  /** Never there: carries the types of key and value. */
  readonly types?: readonly [key: K, value: V]
  /** Never there: what may be written to it. */
  readonly accepts?: (key: K, value: V) => void
}

/** A topic to write to: one that takes more than `K` and `V` fits as well, one that takes less doesn't. */
export interface SinkTopic<K, V> {
  readonly name: string
  readonly key: Serde<unknown>
  readonly value: Serde<unknown>
  /** Never there: what may be written to it. */
  readonly accepts?: (key: K, value: V) => void
}

/** Which sides of a topic's records may be null. */
export type Nullable = 'key' | 'value' | 'both'

/** The topic's key or value type, with null where `nullable` says so. */
export type Sided<T, N extends Nullable | undefined, Side extends 'key' | 'value'> = N extends Side | 'both' ? T | null : T

/** Describes a topic. The name is checked when a topology is built with it. */
export function topic<K, V, const N extends Nullable | undefined = undefined>(
  name: string,
  sides: { readonly key: Serde<K>; readonly value: Serde<V>; readonly nullable?: N },
): Topic<Sided<K, N, 'key'>, Sided<V, N, 'value'>> {
  return typed<K, V, N>(Object.freeze({ name, ...sides }))
}

/** Sound because null never reaches a serde: the serde of `K` is the serde of `K | null` without its null. */
function typed<K, V, N extends Nullable | undefined>(described: object): Topic<Sided<K, N, 'key'>, Sided<V, N, 'value'>> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return described as Topic<Sided<K, N, 'key'>, Sided<V, N, 'value'>>
}

/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** One text for a partition, `topic-3`: what maps are keyed by. */
export function partitionKey(tp: TopicPartition): string {
  return `${tp.topic}-${tp.partition}`
}
