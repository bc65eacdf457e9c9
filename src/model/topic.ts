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
  readonly nullable?: 'key' | 'value' | 'both'
  /** Never there: carries the types of key and value. */
  readonly types?: readonly [key: K, value: V]
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
