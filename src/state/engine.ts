/**
 * The storage port: ordered bytes on one device, in six calls. Everything else about state (caching, layouts, changelogs, expiry) is above it.
 * An engine is accepted when it passes the contract suite `test/contract/engine.ts`.
 */
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { PackedRows } from '../base/packed-rows.ts'

/** Ordered bytes. Synchronous when it can be: callers test for a promise, they never await blindly. */
export interface Engine {
  /** `memory`, `rocksdb`, `level`, or a custom one's name. */
  readonly name: string
  /** True when its content outlives the process. */
  readonly persistent: boolean
  /** Values of these keys, in the order of the keys; a value length of −1 is absent. */
  getMany(keys: PackedRows): MaybePromise<PackedRows>
  /** The rows of a range as they are now, in unsigned byte order; later writes are not seen. */
  cursor(range: KeyRange): Cursor
  /** All or nothing: ranges are deleted first, then rows are written in order, the last one of a key wins; a value length of −1 deletes. */
  write(batch: WriteBatch): MaybePromise<void>
  /** When it returns, what is written survives loss of power. Never called on a commit. */
  flush(): MaybePromise<void>
  /** Closes open cursors first; may be called twice. */
  close(): MaybePromise<void>
  /** The engine's own numbers. */
  metrics(): Readonly<Record<string, number>>
}

/** Keys in [from, to), in unsigned byte order; without `to`, open upwards. */
export interface KeyRange {
  readonly from: Uint8Array
  readonly to?: Uint8Array
  readonly reverse?: boolean
}

/** Pages through a range. */
export interface Cursor {
  /** The next page, at most that many rows or about that many bytes; a count of 0 is the end. */
  next(limit: { readonly rows: number; readonly bytes: number }): MaybePromise<PackedRows>
  close(): void
}

/** What one write does. */
export interface WriteBatch {
  readonly rows: PackedRows
  readonly deleteRanges: readonly KeyRange[]
}

/** How an engine is opened: `bytes` bounds its memory. */
export interface EngineOptions {
  readonly bytes?: number
}

/** Opens the engine of one task directory. */
export type OpenEngine = (directory: string, options: EngineOptions) => Promise<Engine>
