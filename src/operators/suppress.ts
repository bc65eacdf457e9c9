/**
 * Holds a table's changes back: for a time after the record, or until the window is closed, and lets the last one of each key through. Rows leave in
 * order of their time, then of their key's bytes; a row keeps the time of its first update, and leaves as the record of its last one. The step's own
 * stream time decides (−1 after each start, but kept where it goes on in silence; then the windows of the aggregations above close with it, so that a
 * final result stays final). The end of a session or sliding window belongs to the window, so it closes one millisecond later than one
 * that ends before its end; Kafka Streams doesn't make that difference and lets such a row through twice (parity mode does as it does).
 */
import { ProcessingError } from '../base/errors.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { noHeaders } from '../model/headers.ts'
import type { RecordContext } from '../model/record.ts'
import type { Windowed } from '../model/window.ts'
import type { BufferStoreSpec, Entry, TimeOrderedBuffer } from '../state/store-spec.ts'
import { restored, type Change, type Operator, type OperatorContext, type TableReader } from '../topology/operator.ts'
import { newChange } from './change.ts'
import { goOnInSilence, keepStepTime, newStepTime, type StepTime } from './step-time.ts'

/** What a step that suppresses is told. */
export interface SuppressOptions<K, V> {
  readonly store: BufferStoreSpec<K, V>
  /** How long a row waits behind its time, in ms of stream time. */
  readonly waitMs: number
  /** The time of a row in ms: that of its record, or the end of its window, which may be inclusive. */
  readonly by: 'record' | 'window-end' | 'inclusive-window-end'
  readonly maxRecords: number
  readonly maxBytes: number
  readonly onFull: 'emit-early' | 'fail'
  /** After so many ms of silence the step's time goes on with the clock. */
  readonly idleMs?: number | undefined
  /** What the aggregations above say of their closing (`Traits.closing`), whose windows are waited for. */
  readonly closings?: readonly object[]
}

/** Holds changes back. Throws `SUPPRESS_FULL` when the buffer is full and early results weren't asked for. */
export function suppress<K, V>(options: SuppressOptions<K, V>): Operator<K, Change<V>, K, Change<V>> {
  const { store, by, maxRecords, maxBytes } = options
  return {
    role: 'KTABLE-SUPPRESS-',
    traits: { wantsOldValue: true, passesOldValue: true },
    naming: { stores: 'after', storeRole: 'KTABLE-SUPPRESS-STATE-STORE-', namedIsFree: true },
    stores: [store],
    start: (next, context) => {
      const buffer = context.store<TimeOrderedBuffer<K, V>>(store)
      const emit = restored(next)
      const change = newChange<V>()
      const waitMs = options.waitMs + (by === 'inclusive-window-end' && !context.parity ? 1 : 0)
      const time = newStepTime()
      const isDue = (): boolean => buffer.minTime <= time.observed - waitMs
      const isFull = (): boolean => buffer.size > maxRecords || buffer.bytes > maxBytes
      const evictWhile = (holds: () => boolean, record: RecordContext): void | Promise<void> => {
        while (holds()) {
          const row = buffer.evict()
          if (row === undefined) return undefined
          // A final result that is null is no result: nobody has heard of the row.
          if (row.value === null && by !== 'record') continue
          change.value = row.value
          change.old = row.old
          const waiting = emit(row.key, change, record, row.record)
          if (waiting !== undefined) return waiting.then(() => evictWhile(holds, record))
        }
        return undefined
      }
      const bound = (record: RecordContext): void | Promise<void> => {
        if (!isFull()) return undefined
        if (options.onFull === 'fail') throw full(options, buffer, context)
        return evictWhile(isFull, record)
      }
      if (options.idleMs !== undefined) {
        const times = [time, ...(options.closings ?? []).map((closing) => context.shared<StepTime>(closing, newStepTime))]
        keepStepTime(time, context, times)
        goOnInSilence({ idleMs: options.idleMs, times, goOn: (record) => evictWhile(isDue, record) }, context)
      }
      return (key, { value, old }, record) => {
        if (record.timestamp > time.observed) time.observed = record.timestamp
        buffer.put(key, by === 'record' ? record.timestamp : endOf(key), { value, old: old ?? null }, record)
        const waiting = evictWhile(isDue, record)
        return waiting === undefined ? bound(record) : waiting.then(() => bound(record))
      }
    },
  }
}

/** Reads a suppressed table: what was let through of a key that waits, else what the table below has. */
export function suppressReader<K, V>(parent: TableReader<K, V>, store: BufferStoreSpec<K, V>): TableReader<K, V> {
  return {
    stores: [store, ...parent.stores],
    open: (context) => {
      const buffer = context.store<TimeOrderedBuffer<K, V>>(store)
      const read = parent.open(context)
      return (key): MaybePromise<Entry<V> | undefined> => {
        const waits = buffer.prior(key)
        if (waits === undefined) return read(key)
        return waits.value === null ? undefined : { value: waits.value, timestamp: -1, headers: noHeaders }
      }
    },
  }
}

/** Sound because only windowed tables are suppressed until their windows close. */
function endOf(key: unknown): number {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return (key as Windowed<unknown>).window.end
}

function full<K, V>(
  { maxRecords, maxBytes }: SuppressOptions<K, V>,
  { size, bytes }: TimeOrderedBuffer<K, V>,
  { node }: OperatorContext,
): ProcessingError {
  const held = [
    ...(Number.isFinite(maxRecords) ? [`${size} of ${maxRecords} records`] : []),
    ...(Number.isFinite(maxBytes) ? [`${bytes} of ${maxBytes} bytes`] : []),
  ]
  return new ProcessingError(
    'SUPPRESS_FULL',
    `the buffer of step ${node} is full (${held.join(', ')}): give it more room, or onFull: 'emit-early' where a result may come more than once`,
    { context: { node } },
  )
}
