/**
 * A request of Kafka's protocol as a typed value: `Api<Q, R>` names it and says which versions this client speaks; `Q` is what is asked, `R` what
 * is answered. Field names follow Kafka's message definitions; 64-bit numbers are plain numbers; record batches are views, never copies.
 */

/** One kind of request. */
export interface Api<Q, R> {
  /** Kafka's number of it. */
  readonly key: number
  readonly name: string
  /** Versions this client speaks; all of them are "flexible". */
  readonly min: number
  readonly max: number
  /** Never there: carries the types. */
  readonly types?: (request: Q) => R
}

/** Describes a request. */
export function api<Q, R>(key: number, name: string, [min, max]: readonly [number, number]): Api<Q, R> {
  return Object.freeze({ key, name, min, max })
}

/** Topics with their partitions, as most requests list them. */
export interface TopicOf<P> {
  readonly topic: string
  readonly partitions: readonly P[]
}
