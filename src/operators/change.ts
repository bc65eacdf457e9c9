/** The value of an edge below a table, as its sender holds it: one object, overwritten for each record, so a change costs no allocation. */
import type { MaybePromise } from '../base/maybe-promise.ts'
import { chain } from '../base/maybe-promise.ts'
import { noHeaders } from '../model/headers.ts'
import type { SlotValues } from '../state/store-spec.ts'
import { restored, type Change, type Emit, type OperatorContext } from '../topology/operator.ts'

/** When a table's changes are forwarded: each one, or the last of each key at a commit. */
export type EmitWhen = 'every-update' | 'on-commit'

/** A change that its sender may write. */
export interface MutableChange<V> {
  value: V | null
  old: V | null | undefined
  latest: boolean
}

/** A change to be overwritten. */
export function newChange<V>(): MutableChange<V> {
  return { value: null, old: null, latest: true }
}

/** Forwards, at each flush, the last value of every key written since the one before, with that flush's value as the old one. */
export function emitOnFlush<K, V>(slots: SlotValues<K, V>, next: Emit<K, Change<V>>, context: OperatorContext): void {
  const emit = restored(next)
  const change = newChange<V>()
  slots.onFlush((slot): MaybePromise<void> => {
    const old = context.sendsOldValues ? slots.prior(slot) : undefined
    return chain(old, (before) => {
      change.value = slots.value(slot) ?? null
      change.old = before ?? null
      return emit(slots.key(slot), change, context.record, { topic: '', partition: -1, offset: -1, timestamp: slots.timestamp(slot), headers: noHeaders })
    })
  })
}
