/**
 * Regroups a table: each row belongs to a group, and a change of the row takes its old value out of the old group and puts the new one into the
 * new group. Both are told to the groups' owner as changes, the old one first; in one change when the group stays the same, so that its
 * aggregate is never seen without either. A group or value of null takes no part.
 */
import { equalBytes } from '../base/bytes.ts'
import { ProcessingError } from '../base/errors.ts'
import type { AnySerde } from '../model/serde.ts'
import type { Change, Operator, OperatorContext } from '../topology/operator.ts'
import { newChange } from './change.ts'
import { pairOf } from './result.ts'

/** How a table is regrouped. */
export interface TableGroupByOptions<K, V, KOut, VOut> {
  /** The group of a row, and what of the row goes there. */
  readonly group: (value: V, key: K) => readonly [KOut, VOut]
  /** Serde of the groups: two are one when their bytes are equal. */
  readonly key: AnySerde | undefined
}

/** Hands a table's changes to the groups of their rows. */
export function tableGroupBy<K, V, KOut, VOut>({
  group,
  key: serde,
}: TableGroupByOptions<K, V, KOut, VOut>): Operator<K, Change<V>, KOut, Change<VOut>> {
  return {
    role: 'KTABLE-SELECT-',
    traits: { changesKey: true, changesValue: true, readsKey: true, readsValue: true, wantsOldValue: true },
    naming: { stores: 'none' },
    stores: [],
    start: (next, context) => {
      const change = newChange<VOut>()
      const isSame = (a: KOut, b: KOut): boolean => a === b || (serde !== undefined && equalKeys(a, b, serde))
      const place = (value: V | null | undefined, key: K): Place<KOut, VOut> | undefined => {
        if (value === null || value === undefined) return undefined
        const [to, part] = pairOf(group(value, key), context, 'a pair [key, value]')
        return to === null || part === null ? undefined : { to, part }
      }
      return (key, { value, old, latest }, record) => {
        if (key === null) throw keyless(context)
        // An update older than the row isn't what the groups have of it.
        if (!latest) return undefined
        const into = place(value, key)
        const from = place(old, key)
        const isOne = into !== undefined && from !== undefined && isSame(from.to, into.to)
        const enter = (): void | Promise<void> => {
          if (into === undefined) return undefined
          change.value = into.part
          change.old = isOne ? from.part : null
          return next(into.to, change, record)
        }
        if (from === undefined || isOne) return enter()
        change.value = null
        change.old = from.part
        const leaving = next(from.to, change, record)
        return leaving === undefined ? enter() : leaving.then(enter)
      }
    },
  }
}

/** Where a row belongs. */
interface Place<K, V> {
  readonly to: K
  readonly part: V
}

function equalKeys(a: unknown, b: unknown, serde: AnySerde): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return false
  return equalBytes(serde.serialize(a), serde.serialize(b))
}

function keyless({ node }: OperatorContext): ProcessingError {
  const message = `step ${node} groups a table by its rows, but a change has no key: a table's keys are never null`
  return new ProcessingError('PROCESSING_ERROR', message, { context: { node } })
}
