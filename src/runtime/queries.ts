/**
 * Reading an application's stores from outside: the face of one store over all partitions that are here. A key is looked for in every local
 * partition; scans list them all, in order of the serialised keys.
 */
import { compareBytes } from '../base/bytes.ts'
import { StoreUnavailableError } from '../base/errors.ts'
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import type { Windowed } from '../model/window.ts'
import { rowsOf, scanOf } from '../state/scan.ts'
import type {
  Entry,
  KeyRangeOptions,
  KeyValueStore,
  ResolvedStore,
  Scan,
  ScanOptions,
  SessionRange,
  SessionStore,
  TimeRange,
  Versioned,
  VersionedKeyValueStore,
  WindowStore,
} from '../state/store-spec.ts'
import type { TaskState } from '../state/task-state.ts'
import type { AppState } from './states.ts'

/** A key-value store as a reader sees it. */
export type ReadOnlyKeyValueStore<K, V> = Pick<KeyValueStore<K, V>, 'get' | 'entry' | 'range' | 'approximateSize'>

/** A window store as a reader sees it. */
export type ReadOnlyWindowStore<K, V> = Pick<WindowStore<K, V>, 'get' | 'fetch' | 'fetchAll'>

/** A session store as a reader sees it. */
export type ReadOnlySessionStore<K, V> = Pick<SessionStore<K, V>, 'get' | 'fetch' | 'find'>

/** A versioned store as a reader sees it. */
export type ReadOnlyVersionedStore<K, V> = Pick<VersionedKeyValueStore<K, V>, 'get' | 'history'>

/** What can be read of a store with this face. */
export type ReadOnly<Face> =
  Face extends KeyValueStore<infer K, infer V>
    ? ReadOnlyKeyValueStore<K, V>
    : Face extends WindowStore<infer K, infer V>
      ? ReadOnlyWindowStore<K, V>
      : Face extends SessionStore<infer K, infer V>
        ? ReadOnlySessionStore<K, V>
        : Face extends VersionedKeyValueStore<infer K, infer V>
          ? ReadOnlyVersionedStore<K, V>
          : never

type Faces = readonly ReturnType<TaskState['store']>[]

/** What can be read of a store of any kind. */
export type AnyReadOnlyStore =
  | ReadOnlyKeyValueStore<unknown, unknown>
  | ReadOnlyWindowStore<unknown, unknown>
  | ReadOnlySessionStore<unknown, unknown>
  | ReadOnlyVersionedStore<unknown, unknown>

/** The face of a store over its local partitions; `faces` is asked at each call, for tasks come and go. */
export function readOnlyStore(store: ResolvedStore, faces: () => Faces): AnyReadOnlyStore {
  switch (store.spec.kind) {
    case 'keyValue':
      return keyValueView(store, () => faces().filter(isKeyValue))
    case 'window':
      return windowView(store, () => faces().filter(isWindow))
    case 'session':
      return sessionView(store, () => faces().filter(isSession))
    case 'versioned':
      return versionedView(store, () => faces().filter(isVersioned))
    case 'buffer':
      throw notReadable(store.name)
  }
}

function keyValueView(
  store: ResolvedStore,
  faces: () => readonly KeyValueStore<unknown, unknown>[],
): ReadOnlyKeyValueStore<unknown, unknown> {
  return {
    get: (key) => firstFound(faces(), (face) => face.get(key)),
    entry: (key) => firstFound<KeyValueStore<unknown, unknown>, Entry<unknown>>(faces(), (face) => face.entry(key)),
    range: (options: KeyRangeOptions<unknown> = {}): Scan<[unknown, unknown]> => {
      const { limit, ...rest } = options
      const bytes = (key: unknown): Uint8Array => store.key.serialize(key)
      return merged(
        store,
        faces().map((face) => face.range(rest)),
        { ...options, limit, order: ([a], [b]) => compareBytes(bytes(a), bytes(b)) },
      )
    },
    approximateSize: () => faces().reduce((sum, face) => sum + face.approximateSize(), 0),
  }
}

function versionedView(
  store: ResolvedStore,
  faces: () => readonly VersionedKeyValueStore<unknown, unknown>[],
): ReadOnlyVersionedStore<unknown, unknown> {
  return {
    get: (key, asOf) => firstFound<VersionedKeyValueStore<unknown, unknown>, Versioned<unknown>>(faces(), (face) => face.get(key, asOf)),
    history: (key, time, options: ScanOptions = {}) =>
      merged(
        store,
        faces().map((face) => face.history(key, time)),
        { ...options, order: (a, b) => a.validFrom - b.validFrom },
      ),
  }
}

function windowView(store: ResolvedStore, faces: () => readonly WindowStore<unknown, unknown>[]): ReadOnlyWindowStore<unknown, unknown> {
  const bytes = (key: unknown): Uint8Array => store.key.serialize(key)
  return {
    get: (key, start) => firstFound(faces(), (face) => face.get(key, start)),
    fetch: (key: unknown, time: TimeRange, options: ScanOptions = {}): Scan<[number, unknown]> =>
      merged(
        store,
        faces().map((face) => face.fetch(key, time)),
        { ...options, order: ([a], [b]) => a - b },
      ),
    fetchAll: (options: KeyRangeOptions<unknown> & { readonly time?: TimeRange } = {}): Scan<[Windowed<unknown>, unknown]> => {
      const { limit, reverse, ...rest } = options
      return merged(
        store,
        faces().map((face) => face.fetchAll(rest)),
        {
          limit,
          reverse,
          order: ([a], [b]) => a.window.start - b.window.start || compareBytes(bytes(a.key), bytes(b.key)),
        },
      )
    },
  }
}

function sessionView(store: ResolvedStore, faces: () => readonly SessionStore<unknown, unknown>[]): ReadOnlySessionStore<unknown, unknown> {
  const bytes = (key: unknown): Uint8Array => store.key.serialize(key)
  const order = ([a]: [Windowed<unknown>, unknown], [b]: [Windowed<unknown>, unknown]): number =>
    a.window.end - b.window.end || compareBytes(bytes(a.key), bytes(b.key)) || b.window.start - a.window.start
  return {
    get: (session) => firstFound(faces(), (face) => face.get(session)),
    fetch: (key, options: SessionRange & ScanOptions = {}): Scan<[Windowed<unknown>, unknown]> => {
      const { limit, reverse, ...rest } = options
      return merged(
        store,
        faces().map((face) => face.fetch(key, rest)),
        { limit, reverse, order },
      )
    },
    find: (options: KeyRangeOptions<unknown> & SessionRange = {}): Scan<[Windowed<unknown>, unknown]> => {
      const { limit, reverse, ...rest } = options
      return merged(
        store,
        faces().map((face) => face.find(rest)),
        { limit, reverse, order },
      )
    },
  }
}

/** The first partition's answer that is one. */
function firstFound<F, T>(faces: readonly F[], read: (face: F) => MaybePromise<T | undefined>): MaybePromise<T | undefined> {
  const [face, ...rest] = faces
  if (face === undefined) return undefined
  return chain(read(face), (found) => (found === undefined ? firstFound(rest, read) : found))
}

interface MergeOrder<T> {
  readonly order: (a: T, b: T) => number
  readonly reverse?: boolean | undefined
  readonly limit?: number | undefined
}

/** The rows of several scans in one order, collected when the first one is asked for. */
function merged<T>(store: ResolvedStore, scans: readonly Scan<T>[], { order, reverse, limit }: MergeOrder<T>): Scan<T> {
  let source: ReturnType<typeof rowsOf<T>> | undefined
  const collect = async (): Promise<void> => {
    const rows: T[] = []
    for (const scan of scans) for await (const row of scan) rows.push(row)
    rows.sort(order)
    if (reverse === true) rows.reverse()
    source = rowsOf(limit === undefined ? rows : rows.slice(0, limit))
  }
  return scanOf(
    {
      next: () => (source === undefined ? collect().then(() => source!.next()) : source.next()),
      close: () => scans.forEach((scan) => scan[Symbol.dispose]()),
    },
    store.name,
  )
}

function isWindow(face: Faces[number]): face is WindowStore<unknown, unknown> {
  return 'fetchAll' in face
}

function isSession(face: Faces[number]): face is SessionStore<unknown, unknown> {
  return 'find' in face
}

function isVersioned(face: Faces[number]): face is VersionedKeyValueStore<unknown, unknown> {
  return 'history' in face
}

function isKeyValue(face: Faces[number]): face is KeyValueStore<unknown, unknown> {
  return 'range' in face
}

function notReadable(store: string): StoreUnavailableError {
  const text = `store ${store} is a buffer of rows on their way and can't be read: read the table that it holds back, or what it lets through`
  return new StoreUnavailableError('UNKNOWN_STORE', text, { context: { store } })
}

/** The error for a store that isn't there. */
export function unknownStore(name: string, known: readonly string[]): StoreUnavailableError {
  return new StoreUnavailableError('UNKNOWN_STORE', `there is no store ${name}: the topology has ${known.join(', ') || 'none'}`, {
    context: { store: name },
  })
}

/** The error for a store of an application that isn't RUNNING: not yet or not now, or never again. */
export function notRunning(name: string, state: AppState): StoreUnavailableError {
  const context = { store: name }
  if (state === 'CREATED' || state === 'REBALANCING')
    return new StoreUnavailableError(
      'REBALANCING',
      `store ${name} can't be read now: the application is ${state}; wait for RUNNING, or retry`,
      { retriable: true, context },
    )
  return new StoreUnavailableError('STORE_CLOSED', `store ${name} can't be read any more: the application is ${state}`, { context })
}
