/**
 * Faces of stores that tell a trace which rows are read and written: the one that user code holds, and those of the object cache, which operators use.
 * Each is the real face with the methods replaced that touch rows.
 */
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import type { Windowed } from '../model/window.ts'
import type {
  KeyValueStore,
  RowSource,
  SessionStore,
  Slots,
  SlotValues,
  TimeOrderedBuffer,
  VersionedKeyValueStore,
  VersionedSlots,
  WindowRows,
  WindowStore,
} from '../state/store-spec.ts'
import type { Row } from './trace.ts'
import type { Rows } from './traced-rows.ts'
import { watchedScan } from './watched-scan.ts'

/** Runs what a flush of a store calls, for the row of a slot. */
export type OnCommit = (row: Row, emit: () => MaybePromise<void>) => MaybePromise<void>

/** The same object with some of its methods replaced; the others run as they are. */
export function replaced<T extends object>(face: T, methods: object): T {
  return new Proxy(face, {
    get: (_face, member): unknown => {
      if (Object.hasOwn(methods, member)) return Reflect.get(methods, member)
      const found: unknown = Reflect.get(face, member)
      return typeof found === 'function' ? (...args: readonly unknown[]): unknown => Reflect.apply(found, face, args) : found
    },
  })
}

/** A key-value store as user code holds it. */
export function tracedKeyValues<K, V>(face: KeyValueStore<K, V>, rows: Rows): KeyValueStore<K, V> {
  const found =
    (key: K): ((value: V | undefined) => V | undefined) =>
    (value) =>
      rows.read(rows.of(key), value)
  return {
    ...face,
    get: (key) => chain(face.get(key), found(key)),
    entry: (key) =>
      chain(face.entry(key), (entry) => {
        rows.read(rows.of(key), entry?.value)
        return entry
      }),
    put: (key, value, stamp) => {
      rows.write(rows.of(key), value)
      face.put(key, value, stamp)
    },
    putIfAbsent: (key, value) =>
      chain(face.get(key), (before) => {
        found(key)(before)
        if (before === undefined) rows.write(rows.of(key), value)
        return face.putIfAbsent(key, value)
      }),
    delete: (key) =>
      chain(face.get(key), (before) => {
        found(key)(before)
        rows.write(rows.of(key), null)
        return face.delete(key)
      }),
    range: (options) => watchedScan(face.range(options), { row: ([key, value]) => rows.read(rows.of(key), value) }),
  }
}

/** A window store as user code holds it. Rows of which there are several with one key and start aren't told apart there. */
export function tracedWindows<K, V>(face: WindowStore<K, V>, rows: Rows): WindowStore<K, V> {
  return {
    ...face,
    get: (key, start) => chain(face.get(key, start), (value) => rows.read(rows.starting(key, start), value)),
    put: (key, value, start, stamp) => {
      rows.write(rows.starting(key, start), value)
      face.put(key, value, start, stamp)
    },
    fetch: (key, time, options) =>
      watchedScan(face.fetch(key, time, options), { row: ([start, value]) => rows.read(rows.starting(key, start), value) }),
    fetchAll: (options) => watchedScan(face.fetchAll(options), { row: ([key, value]) => rows.read(rows.of(key), value) }),
  }
}

/** A session store as user code holds it. */
export function tracedSessions<K, V>(face: SessionStore<K, V>, rows: Rows): SessionStore<K, V> {
  const see = ([session, value]: [Windowed<K>, V]): V => rows.read(rows.of(session), value)
  return {
    ...face,
    get: (session) => chain(face.get(session), (value) => rows.read(rows.of(session), value)),
    put: (session, value, stamp) => {
      rows.write(rows.of(session), value)
      face.put(session, value, stamp)
    },
    fetch: (key, options) => watchedScan(face.fetch(key, options), { row: see }),
    find: (options) => watchedScan(face.find(options), { row: see }),
  }
}

/** A versioned store as user code holds it. */
export function tracedHistory<K, V>(face: VersionedKeyValueStore<K, V>, rows: Rows): VersionedKeyValueStore<K, V> {
  const version = (key: K, from: number | undefined): Row => (from === undefined ? rows.of(key) : rows.version(key, from))
  return {
    ...face,
    get: (key, asOf) =>
      chain(face.get(key, asOf), (found) => {
        rows.read(version(key, found?.validFrom), found?.value)
        return found
      }),
    put: (key, value, from) => {
      rows.write(rows.version(key, from), value)
      return face.put(key, value, from)
    },
    delete: (key, from) => {
      rows.write(rows.version(key, from), null)
      return face.delete(key, from)
    },
    history: (key, time, options) =>
      watchedScan(face.history(key, time, options), { row: ({ validFrom, value }) => rows.read(rows.version(key, validFrom), value) }),
  }
}

/** A buffer. A row that leaves is read, and is the one that was put in as that record. */
export function tracedBuffer<K, V>(face: TimeOrderedBuffer<K, V>, rows: Rows): TimeOrderedBuffer<K, V> {
  const { spec } = rows.store
  const rowOf = (key: K, { topic, partition, offset }: { topic: string; partition: number; offset: number }): Row => {
    const row = rows.of(key)
    return 'keepsAll' in spec && spec.keepsAll ? { ...row, id: `${row.id}/${topic}[${partition}]@${offset}` } : row
  }
  const methods: Pick<TimeOrderedBuffer<K, V>, 'put' | 'evict' | 'prior'> = {
    put: (key, time, change, record) => {
      rows.write(rowOf(key, record), change.value)
      face.put(key, time, change, record)
    },
    evict: () => {
      const row = face.evict()
      if (row !== undefined) rows.trace.reads(rowOf(row.key, row.record), row.value, true)
      return row
    },
    prior: (key) => {
      const found = face.prior(key)
      if (found !== undefined) rows.read(rows.of(key), found.value)
      return found
    },
  }
  return replaced(face, methods)
}

/** The object cache of a key-value store. */
export function tracedSlots<K, V>(slots: Slots<K, V>, rows: Rows, onCommit: OnCommit): Slots<K, V> {
  const methods: Pick<Slots<K, V>, 'rows'> = {
    rows: (options) => seenRows(slots.rows(options), ([key, value]) => rows.read(rows.of(key), value)),
  }
  return replaced(slots, { ...slotMethods(slots, rows, onCommit), ...methods })
}

/** The object cache of a store of windows or sessions. */
export function tracedPlaced<S extends SlotValues<Windowed<K>, V>, K, V>(slots: S, rows: Rows, onCommit: OnCommit): S {
  return replaced(slots, slotMethods(slots, rows, onCommit))
}

/** The object cache of a versioned store. */
export function tracedVersions<K, V>(slots: VersionedSlots<K, V>, rows: Rows, onCommit: OnCommit): VersionedSlots<K, V> {
  const row = (slot: number, from: number): Row => rows.version(slots.key(slot), from)
  const methods: Pick<VersionedSlots<K, V>, 'value' | 'set' | 'putAt' | 'at'> = {
    value: (slot) => rows.read(row(slot, slots.timestamp(slot)), slots.value(slot)),
    set: (slot, value, timestamp, headers) => {
      rows.write(row(slot, timestamp), value)
      slots.set(slot, value, timestamp, headers)
    },
    putAt: (slot, value, version) => {
      rows.write(row(slot, version), value)
      return slots.putAt(slot, value, version)
    },
    at: (slot, asOf) => {
      const found = slots.at(slot, asOf)
      if (found !== undefined) rows.read(row(slot, found.validFrom), found.value)
      return found
    },
  }
  return replaced(slots, { ...slotMethods(slots, rows, onCommit), ...methods })
}

/** The rows of a store that keeps duplicates. */
export function tracedMatches<K, V>(store: WindowRows<K, V>, rows: Rows): WindowRows<K, V> {
  const methods: Pick<WindowRows<K, V>, 'append' | 'matches'> = {
    append: (key, value, row) => {
      if (value !== null) rows.write(rows.added(key, row.start), value)
      store.append(key, value, row)
    },
    matches: (key, from, to, into) => {
      store.matches(key, from, to, into)
      let behind = 0
      for (let i = into.count - 1; i >= 0; i--) {
        behind = into.starts[i] === into.starts[i + 1] && i + 1 < into.count ? behind + 1 : 0
        rows.read(rows.fromLast(key, into.starts[i]!, behind), into.values[i])
      }
    },
  }
  return replaced(store, methods)
}

function slotMethods<K, V>(slots: SlotValues<K, V>, rows: Rows, onCommit: OnCommit): Pick<SlotValues<K, V>, 'value' | 'set' | 'onFlush'> {
  return {
    value: (slot) => rows.read(rows.of(slots.key(slot)), slots.value(slot)),
    set: (slot, value, timestamp, headers) => {
      rows.write(rows.of(slots.key(slot)), value)
      slots.set(slot, value, timestamp, headers)
    },
    onFlush: (emit) => slots.onFlush((slot) => onCommit(rows.of(slots.key(slot)), () => emit(slot))),
  }
}

/** A source that tells of the rows it gives. */
function seenRows<T>(source: RowSource<T>, see: (row: T) => unknown): RowSource<T> {
  return {
    next: () =>
      chain(source.next(), (row) => {
        if (row !== undefined) see(row)
        return row
      }),
    close: () => source.close(),
  }
}
