/**
 * Records of a stream that wait for a versioned table to catch up: each is held back until stream time is `ms` past its own, then they meet their rows in
 * order of their time (ties: key bytes, then arrival), as the records they were. What comes later than that meets its row at once. Stream time is that of
 * the records held here, −1 after each start.
 */
import { ProcessingError } from '../../base/errors.ts'
import type { RecordContext } from '../../model/record.ts'
import type { BufferStoreSpec, TimeOrderedBuffer } from '../../state/store-spec.ts'
import { restored, type Emit, type OperatorContext } from '../../topology/operator.ts'

/** How records wait. */
export interface Grace<K, V> {
  /** In ms of stream time. */
  readonly ms: number
  readonly buffer: BufferStoreSpec<K, V>
  /** True: records without a key take part in the join. */
  readonly left: boolean
}

/** Hands records on to `meet` when their time has come. Throws `PROCESSING_ERROR` for a left join's record without a key: a buffer has no place for it. */
export function afterGrace<K, V>({ ms, buffer: spec, left }: Grace<K, V>, meet: Emit<K, V>, context: OperatorContext): Emit<K, V> {
  const buffer = context.store<TimeOrderedBuffer<K, V>>(spec)
  const leave = restored(meet)
  let observed = -1
  const leaveDue = (record: RecordContext): void | Promise<void> => {
    while (buffer.minTime <= observed - ms) {
      const row = buffer.evict()
      if (row === undefined || row.value === null) continue
      const waiting = leave(row.key, row.value, record, row.record)
      if (waiting !== undefined) return waiting.then(() => leaveDue(record))
    }
    return undefined
  }
  return (key, value, record) => {
    if (value === null) return context.dropped('null_value')
    if (key === null) {
      if (!left) return context.dropped('null_key')
      throw keyless(context)
    }
    if (record.timestamp < observed - ms) return meet(key, value, record)
    if (record.timestamp > observed) observed = record.timestamp
    buffer.put(key, record.timestamp, { value, old: null }, record)
    return leaveDue(record)
  }
}

function keyless({ node }: OperatorContext): ProcessingError {
  const text = "a record without a key can't wait for its table row: filter such records out, give them a key, or leave out `grace`"
  return new ProcessingError('PROCESSING_ERROR', `step ${node}: ${text}`, { context: { node } })
}
