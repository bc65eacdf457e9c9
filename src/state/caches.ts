/** The stores of a task by kind: what each is made as, and what is asked of all alike. */
import { toHex } from '../base/bytes.ts'
import { KeyValueCache, type StoreParts } from './key-value-store.ts'
import { SessionCache } from './session-store.ts'
import type { AnyStoreSpec } from './store-spec.ts'
import type { TaskStore } from './task-store.ts'
import { BufferCache } from './time-ordered-buffer.ts'
import type { TimedSlots } from './timed-slots.ts'
import { VersionedCache } from './versioned-store.ts'
import { WindowCache } from './window-store.ts'

/** A store of one task, as user code and operators hold it; its types are forgotten. */
export type Held =
  | KeyValueCache<unknown, unknown>
  | WindowCache<unknown, unknown>
  | SessionCache<unknown, unknown>
  | VersionedCache<unknown, unknown>
  | BufferCache<unknown, unknown>

/** What of a store is flushed, landed and restored. */
export type Cache = KeyValueCache<unknown, unknown> | TimedSlots<unknown> | VersionedCache<unknown, unknown> | BufferCache<unknown, unknown>

/** A store's rows as text, for comparison: keys and values in hex. */
export interface StoreDump {
  readonly kind: AnyStoreSpec['kind']
  /** Versioned stores have null for an end that isn't there. */
  readonly entries: readonly (readonly (string | number | null)[])[]
}

/** The store of a spec. */
export function heldOf(parts: StoreParts): Held {
  const { spec } = parts.store
  switch (spec.kind) {
    case 'keyValue':
      return new KeyValueCache<unknown, unknown>(parts)
    case 'window':
      return new WindowCache<unknown, unknown>(parts, spec)
    case 'session':
      return new SessionCache<unknown, unknown>(parts, spec)
    case 'versioned':
      return new VersionedCache<unknown, unknown>(parts, spec)
    case 'buffer':
      return new BufferCache<unknown, unknown>(parts, spec)
  }
}

/** What of a store is flushed, landed and restored. */
export function cacheOf(held: Held): Cache {
  return 'timed' in held ? held.timed : held
}

/** What keeps a store's writes until they land. */
export function writesOf(cache: Cache): Pick<TaskStore, 'isDirty' | 'unlanded' | 'live' | 'flush' | 'pendingRows'> {
  return 'slots' in cache ? cache.slots : cache
}

/** A store's rows as text. */
export function dumpOf(held: Held, kind: StoreDump['kind']): StoreDump {
  if (held instanceof KeyValueCache) return { kind, entries: held.dump().map(({ key, value }) => [toHex(key), toHex(value)]) }
  if (held instanceof VersionedCache)
    return { kind, entries: held.dump().map(({ key, from, to, value }) => [toHex(key), from, to, toHex(value)]) }
  if (held instanceof BufferCache) return { kind, entries: held.dump().map(({ time, key, value }) => [time, toHex(key), toHex(value)]) }
  return { kind, entries: held.dump().map(({ key, window, value }) => [toHex(key), window.start, window.end, toHex(value)]) }
}
