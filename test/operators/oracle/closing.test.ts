/** Results of windows when they are final: handed on when a window closes, or held back by `suppress`. */
import * as fc from 'fast-check'
import { untilTimeLimit, untilWindowCloses } from '../../../src/index.ts'
import { agrees, left, named, windowed, type Out, type World } from './harness.ts'
import { naiveStore, naiveWindows, type Row, type Sizes } from './naive-windows.ts'
import { FOLDS, sizesOf, windowedTables, windowedTopic } from './windowed-tables.ts'

agrees('D1, E2–E4: on-window-close tells each window once, when it is closed and somebody looks; by start (sessions: end), then key', {
  settings: fc.tuple(sizesOf('hopping', 'sliding', 'session'), fc.constantFrom(0, 1000)),
  parity: ([{ parity }]) => parity,
  scanIntervalMs: ([, scanIntervalMs]) => scanIntervalMs,
  late: 25,
  steps: (builder, [sizes]) => {
    const out = windowedTopic('out', sizes)
    windowedTables(builder.stream(left), sizes, 'on-window-close').aggregated().toStream().to(out)
    return [out]
  },
  naive: (world, [sizes, scanIntervalMs]) => {
    const { kind, size, grace, parity } = sizes
    const isSession = kind === 'session'
    let last: number | undefined
    let nextLook = 0
    const lower = (): number => (last === undefined ? 0 : Math.max(0, last - (isSession ? 0 : size)) + (kind === 'hopping' ? 1 : 0))
    const store = naiveStore(sizes, () => (parity ? Infinity : lower()))
    const windows = naiveWindows({ ...world, tell: () => undefined }, sizes, FOLDS.aggregated, store)
    const time = ({ start, end }: Row): number => (isSession ? end : start)
    return (record) => {
      const observed = windows.take(record)
      if (observed === undefined || world.now < nextLook) return
      nextLook = world.now + scanIntervalMs
      const closed = observed - grace - (isSession ? size : 0)
      const upper = closed - (isSession ? 0 : size) - (kind === 'hopping' ? 0 : 1)
      if (upper < 0 || (last !== undefined && last >= closed)) return
      const due = store.rows().filter((row) => time(row) >= lower() && time(row) <= upper)
      for (const row of due.toSorted((a, b) => time(a) - time(b) || (a.key < b.key ? -1 : 1)))
        world.tell({ ...record, key: windowed(row.key, row.start, row.end), value: row.value, timestamp: row.timestamp })
      last = closed
    }
  },
})

interface Waiting extends Out {
  /** By which rows leave, and then by the text of their keys' bytes. */
  readonly time: number
  readonly order: string
}

/** S2–S4: what waits, one row a key, until stream time is `ms` past its first time. */
function naiveBuffer({ tell }: Pick<World, 'tell'>, ms: number, most = Infinity): (row: Waiting) => void {
  const waiting = new Map<string, Waiting>()
  let observed = -1
  return (row) => {
    observed = Math.max(observed, row.timestamp)
    waiting.set(row.order, { ...row, time: waiting.get(row.order)?.time ?? row.time })
    const sorted = [...waiting.values()].toSorted((a, b) => a.time - b.time || (a.order < b.order ? -1 : 1))
    for (const first of sorted) {
      if (first.time > observed - ms && waiting.size <= most) break
      waiting.delete(first.order)
      tell(first)
    }
  }
}

agrees('D2, S1–S5: untilWindowCloses tells the last result of each window, when it is closed, as the record that it was', {
  settings: sizesOf('hopping', 'sliding', 'session'),
  parity: ({ parity }) => parity,
  late: 25,
  steps: (builder, sizes) => {
    const out = windowedTopic('out', sizes)
    windowedTables(builder.stream(left), sizes, 'every-update').aggregated().suppress(untilWindowCloses()).toStream().to(out)
    return [out]
  },
  naive: (world, sizes) => {
    const { kind, size, grace, parity } = sizes
    const ms = grace + (kind === 'session' ? size : 0) + (kind === 'hopping' || parity ? 0 : 1)
    const put = naiveBuffer({ tell: (row) => (row.value === null ? undefined : world.tell(row)) }, ms)
    const tell = (row: Out): void => {
      const [key, start, end] = row.key!.split(/[@-]/)
      put({ ...row, time: Number(end), order: orderOf(sizes, { key: key!, start: Number(start), end: Number(end) }) })
    }
    const windows = naiveWindows({ ...world, tell }, sizes, FOLDS.aggregated)
    return (record) => void windows.take(record)
  },
})

/** A windowed key's bytes as text. */
function orderOf(sizes: Sizes, { key, start, end }: Pick<Row, 'key' | 'start' | 'end'>): string {
  return Buffer.from(windowedTopic('', sizes).key.serialize({ key, window: { start, end } })).toString('hex')
}

agrees('S2–S5, S7: untilTimeLimit tells the last change of a key when its first is old enough, or when too many wait; deletes too', {
  settings: fc.record({ ms: fc.nat(12), most: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }) }),
  steps: (builder, { ms, most }) => {
    const bounds = most === undefined ? {} : { maxRecords: most }
    builder.table(left).suppress(untilTimeLimit(ms, bounds)).toStream().to(named('out'))
    return [named('out')]
  },
  naive: (world, { ms, most }) => {
    const put = naiveBuffer(world, ms, most)
    return (record) => {
      if (record.key === null) world.drop('null_key')
      else put({ ...record, time: record.timestamp, order: record.key })
    }
  },
})
