/** What a task asks of a store that lays out its own rows, besides its face. */
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import type { RowsBuilder } from './rows-builder.ts'

/** A store of one task, as the task drives it. */
export interface TaskStore {
  /** True when something was written since the last flush. */
  readonly isDirty: boolean
  /** Rows that were written and aren't in the engine yet. */
  readonly unlanded: number
  /** Rows that are there. */
  readonly live: number
  /** The greatest time the store has seen as of the last flush, in ms, to be kept in its mark; −1: none, or it keeps none. */
  readonly flushedTime: number
  /** Turns writes into changelog records and rows for the engine. */
  flush(): MaybePromise<void>
  /** The rows of the last flush, for the engine; undefined: none. */
  pendingRows(): RowsBuilder | undefined
  /** The rows of the last flush are in the engine. */
  landed(): void
  /** Forgets every write that hasn't landed. */
  rollBack(): MaybePromise<void>
  /** Takes note of, or reads, what an engine with content has; `streamTime` is what the store had seen then, in ms. */
  load(streamTime: number): MaybePromise<void>
  /** Takes a row of the changelog, with its time in ms, and writes what becomes of it in the engine. */
  restore(rows: PackedRows, row: number, timestamp: number, into: RowsBuilder): void
  /** The face refuses from now on. */
  close(): void
}
