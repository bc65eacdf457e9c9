/**
 * Whose an object is. User code may change an aggregate in place, so what two owners keep (a store and an old value, two stores) must be two
 * objects: the JVM's stores have that from serialising at each write, here it costs a copy where it matters.
 */
import type { AnySerde } from '../model/serde.ts'

/** A copy by a store's own serde: an object of its own, that nobody else will change. A primitive is its own copy. */
export function copyOf<V>(value: V, serde: AnySerde): V {
  if (typeof value !== 'object' || value === null) return value
  // The bytes are copied too, because what a serde reads may point into them.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- sound because a store's serde reads what it wrote
  return serde.deserialize(serde.serialize(value).slice()) as V
}
