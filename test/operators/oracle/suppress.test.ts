/** What stands below a table that is held back: streams, groups and joins, which see it as it was let through. */
import * as fc from 'fast-check'
import { untilTimeLimit } from '../../../src/index.ts'
import { agrees, left, named, right, type In } from './harness.ts'
import { grouped, naiveGroups } from './naive-groups.ts'

/** A row that waits: with the value before its last update, and the one before its first. */
interface Held extends In {
  readonly key: string
  readonly old: string | null
  readonly prior: string | null
  readonly since: number
}

const pair = (one: string, other: string, key: string): string => `${key}:${one}&${other}`
const lengthOf = (value: string | null): number => value?.length ?? 0

/** S8: Kafka Streams' estimate, with the 28 bytes of times, offset and partition. */
const bytesOf = ({ from, key, value, old, prior, mark }: Held): number =>
  28 +
  from.length +
  key.length +
  lengthOf(value) +
  lengthOf(prior) +
  (old === prior ? 0 : lengthOf(old)) +
  (mark === null ? 0 : 'mark'.length + mark.length)

agrees('S2–S8: below a table that is held back, groups and joins see rows as they were let through, within bounds of rows and bytes', {
  settings: fc.record({
    ms: fc.nat(12),
    maxRecords: fc.constantFrom(1, 2, 3, Infinity),
    maxBytes: fc.oneof(fc.integer({ min: 30, max: 130 }), fc.constant(Infinity)),
  }),
  from: ['left', 'right'],
  steps: (builder, { ms, maxRecords, maxBytes }) => {
    const held = builder.table(left).suppress(untilTimeLimit(ms, { maxRecords, maxBytes }))
    held.toStream().to(named('held'))
    held.join(builder.table(right), pair).toStream().to(named('joined'))
    grouped(held).toStream().to(named('grouped'))
    return ['held', 'joined', 'grouped'].map(named)
  },
  naive: (world, { ms, maxRecords, maxBytes }) => {
    const [lefts, rights] = [new Map<string, In>(), new Map<string, In>()]
    const group = naiveGroups(world, 'grouped')
    let waiting: readonly Held[] = []
    let observed = -1
    const join = (record: In & { readonly key: string }, one: In | undefined, other: In | undefined): void => {
      if (one === undefined || other === undefined) return
      const value = one.value === null || other.value === null ? null : pair(one.value, other.value, record.key)
      world.tell({ ...record, to: 'joined', value, timestamp: Math.max(one.timestamp, other.timestamp) })
    }
    const isFull = (): boolean => waiting.length > maxRecords || waiting.reduce((sum, each) => sum + bytesOf(each), 0) > maxBytes
    return (record) => {
      const { from, key, value, timestamp } = record
      if (key === null) return world.drop('null_key')
      if (from === 'right') {
        const held = waiting.find((each) => each.key === key)
        if (value === null) rights.delete(key)
        else rights.set(key, record)
        if (held === undefined) return join({ ...record, key }, lefts.get(key), record)
        return join({ ...record, key }, held.prior === null ? undefined : { ...held, value: held.prior, timestamp: -1 }, record)
      }
      const old = lefts.get(key)?.value ?? null
      if (value === null) lefts.delete(key)
      else lefts.set(key, record)
      observed = Math.max(observed, timestamp)
      const { prior, since } = waiting.find((each) => each.key === key) ?? { prior: old, since: timestamp }
      waiting = [...waiting.filter((each) => each.key !== key), { ...record, key, old, prior, since }]
      waiting = waiting.toSorted((a, b) => a.since - b.since || (a.key < b.key ? -1 : 1))
      for (let [first] = waiting; first !== undefined && (first.since <= observed - ms || isFull()); [first] = waiting) {
        waiting = waiting.slice(1)
        world.tell({ ...first, to: 'held' })
        join(first, first, rights.get(first.key))
        group(first, first.old, first.value)
      }
    }
  },
})
