/** A table grouped by the first letter of its values, as text of what was added and subtracted: it shows which old values a step below hears of. */
import type { KTable } from '../../../src/index.ts'
import { left, type In, type Out, type World } from './harness.ts'

/** The table of the groups. */
export function grouped<K>(table: KTable<K, string, boolean>): KTable<string, string, boolean> {
  const initial = (): string => ''
  const serdes = { key: left.key, value: left.value }
  return table
    .groupBy((value) => [value[0] ?? '', value], serdes)
    .aggregate(
      initial,
      (sum, value) => `${sum}+${value}`,
      (sum, value) => `${sum}-${value}`,
      { value: left.value },
    )
}

/** B10, B12: a row leaves its group before it enters the new one; at once where that is the same. */
export function naiveGroups(
  { tell }: Pick<World, 'tell'>,
  to: string,
): (record: Pick<In, 'timestamp' | 'mark'>, was: string | null, is: string | null) => void {
  const sums = new Map<string, Pick<Out, 'timestamp'> & { readonly value: string }>()
  return (record, was, is) => {
    const moves = was?.[0] === is?.[0] ? [[was, is]] : [[was], [null, is]]
    for (const [less = null, more = null] of moves) {
      const group = (less ?? more)?.[0]
      if (group === undefined) continue
      const before = sums.get(group)
      const rest = before === undefined || less === null ? before?.value : `${before.value}-${less}`
      const value = more === null ? (rest ?? null) : `${rest ?? ''}+${more}`
      const timestamp = Math.max(record.timestamp, before?.timestamp ?? 0)
      if (value !== null) sums.set(group, { value, timestamp })
      tell({ ...record, to, key: group, value, timestamp })
    }
  }
}
