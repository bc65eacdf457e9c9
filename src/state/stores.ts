/** The specs of stores, as users write them: typed handles that name a store and say how it is kept. */
import { TopologyError } from '../base/errors.ts'
import type { Serde } from '../model/serde.ts'
import type { KeyValueStoreSpec, SessionStoreSpec, StoreOptions, VersionedStoreSpec, WindowStoreSpec } from './store-spec.ts'

/** A key-value store; throws `ARGUMENT_INVALID`. `keyValueStore('counts', { key: serdes.string, value: serdes.long })` */
export function keyValueStore<K, V>(
  name: string,
  options: StoreOptions & Pick<KeyValueStoreSpec<K, V>, 'maxEntries' | 'ttlMs'> & { readonly key: Serde<K>; readonly value: Serde<V> },
): KeyValueStoreSpec<K, V> {
  const { maxEntries = 1, ttlMs = 1 } = options
  if (!Number.isSafeInteger(maxEntries) || maxEntries < 1)
    throw wrong('ARGUMENT_INVALID', `store ${name}: maxEntries is ${maxEntries}; give a whole number, at least 1`)
  if (!Number.isSafeInteger(ttlMs) || ttlMs < 1)
    throw wrong('ARGUMENT_INVALID', `store ${name}: ttlMs is ${ttlMs}; give whole milliseconds, at least 1, as hours(1)`)
  if (options.ttlMs !== undefined && options.format === 'plain')
    throw wrong('ARGUMENT_INVALID', `store ${name}: a store of format 'plain' knows no times, so nothing in it can have a ttlMs`)
  return Object.freeze({ kind: 'keyValue', name, ...options })
}

/**
 * A window store; times are milliseconds. Throws `WINDOW_RETENTION` when windows are kept for a shorter time than they last.
 * `windowStore('per-minute', { key: serdes.string, value: serdes.long, sizeMs: minutes(1), retentionMs: hours(1) })`
 */
export function windowStore<K, V>(
  name: string,
  options: StoreOptions & {
    readonly key: Serde<K>
    readonly value: Serde<V>
    readonly sizeMs: number
    readonly retentionMs: number
    readonly duplicates?: boolean
  },
): WindowStoreSpec<K, V> {
  const { sizeMs, retentionMs } = options
  if (!(sizeMs >= 0)) throw wrong('WINDOW_INVALID', `store ${name}: sizeMs is ${sizeMs}; give milliseconds, at least 0`)
  if (!(retentionMs >= sizeMs))
    throw wrong('WINDOW_RETENTION', `store ${name}: retentionMs is ${retentionMs}; give at least the size of a window (${sizeMs})`)
  return Object.freeze({ kind: 'window', name, ...options })
}

/**
 * A session store; times are milliseconds. Throws `WINDOW_RETENTION` when its retention is no time.
 * `sessionStore('visits', { key: serdes.string, value: serdes.long, retentionMs: hours(1) })`
 */
export function sessionStore<K, V>(
  name: string,
  options: Omit<StoreOptions, 'format'> &
    Pick<SessionStoreSpec<K, V>, 'format'> & { readonly key: Serde<K>; readonly value: Serde<V>; readonly retentionMs: number },
): SessionStoreSpec<K, V> {
  const { retentionMs } = options
  if (!(retentionMs >= 0)) throw wrong('WINDOW_RETENTION', `store ${name}: retentionMs is ${retentionMs}; give milliseconds, at least 0`)
  return Object.freeze({ kind: 'session', name, ...options })
}

/**
 * A store that keeps what a key's value was, for `historyMs` of stream time; only the newest value is kept for ever. Throws `ARGUMENT_INVALID`.
 * `versionedStore('prices', { key: serdes.string, value: serdes.long, historyMs: days(1) })`
 */
export function versionedStore<K, V>(
  name: string,
  options: Omit<StoreOptions, 'format'> & {
    readonly key: Serde<K>
    readonly value: Serde<V>
    readonly historyMs: number
    readonly segmentMs?: number
  },
): VersionedStoreSpec<K, V> {
  const { historyMs, segmentMs = 1 } = options
  if (!Number.isSafeInteger(historyMs) || historyMs < 0)
    throw wrong('ARGUMENT_INVALID', `store ${name}: historyMs is ${historyMs}; give whole milliseconds, at least 0`)
  if (!Number.isSafeInteger(segmentMs) || segmentMs < 1)
    throw wrong('ARGUMENT_INVALID', `store ${name}: segmentMs is ${segmentMs}; give whole milliseconds, at least 1, or leave it out`)
  return Object.freeze({ kind: 'versioned', name, ...options })
}

function wrong(code: 'ARGUMENT_INVALID' | 'WINDOW_INVALID' | 'WINDOW_RETENTION', message: string): TopologyError {
  return new TopologyError([{ code, message }])
}
