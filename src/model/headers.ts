/**
 * Record headers: an ordered list of pairs, duplicates kept, as Kafka has them. On the wire and in batches they are one encoded block (varint
 * count, then per header name length, name, value length or −1, value; Kafka record format v2), which is parsed only when someone looks.
 */

/** Headers of a record: pairs of a name and its bytes (or null), in order, duplicates kept. Immutable. */
export type Headers = readonly (readonly [name: string, value: Uint8Array | null])[]

/** No headers. */
export const noHeaders: Headers = Object.freeze([])

/** The value of the last header of that name; `undefined` when there is none, null when it has no bytes. */
export function header(headers: Headers, name: string): Uint8Array | null | undefined {
  return headers.findLast(([found]) => found === name)?.[1]
}
