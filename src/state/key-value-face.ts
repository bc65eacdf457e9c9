/** The face of a key-value store that user code holds, over the few calls that a store of one task answers. */
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import type { Entry, KeyRangeOptions, KeyValueStore, Scan, Stamp } from './store-spec.ts'

/** What a store of one task answers. All throw `STORE_CLOSED` behind its end. */
export interface KeyValueCalls<K, V> {
  get(key: K): MaybePromise<V | undefined>
  entry(key: K): MaybePromise<Entry<V> | undefined>
  put(key: K, value: V | null, stamp: Partial<Stamp> | undefined): void
  range(options?: KeyRangeOptions<K>): Scan<[K, V]>
  size(): number
}

/** The face. */
export function keyValueFace<K, V>(calls: KeyValueCalls<K, V>): KeyValueStore<K, V> {
  return {
    get: (key) => calls.get(key),
    entry: (key) => calls.entry(key),
    put: (key, value, stamp) => calls.put(key, value, stamp),
    putIfAbsent: (key, value) =>
      chain(calls.get(key), (before) => {
        if (before === undefined) calls.put(key, value, undefined)
        return before
      }),
    delete: (key) =>
      chain(calls.get(key), (before) => {
        calls.put(key, null, undefined)
        return before
      }),
    range: (options) => calls.range(options),
    approximateSize: () => calls.size(),
  }
}
