/** Aggregates in windows, at every update. */
import * as fc from 'fast-check'
import { hopping, serdes, session, sliding, unlimited } from '../../../src/index.ts'
import { agrees, left, named, right, windowed, type Out } from './harness.ts'
import { grouped, naiveGroups } from './naive-groups.ts'
import { naiveStore, naiveWindows } from './naive-windows.ts'
import { FOLDS, sizesOf, windowedTables, windowedTopic } from './windowed-tables.ts'

const NAMES = ['counted', 'reduced', 'aggregated'] as const

for (const [kind, says] of [
  [
    'hopping',
    'W1–W8: a record is folded into each tumbling or hopping window that holds it and is still open; each closed one counts a drop',
  ],
  ['sliding', 'W9–W11: a record updates the sliding windows around it and opens those that are missing'],
  ['session', 'W12–W16: a record makes one session with all within the gap, and those it takes in are told of first'],
] as const) {
  agrees(says, {
    settings: sizesOf(kind),
    parity: ({ parity }) => parity,
    late: 25,
    steps: (builder, sizes) => {
      const tables = windowedTables(builder.stream(left), sizes, 'every-update')
      const topics = NAMES.map((name) => windowedTopic(name, sizes))
      for (const [i, name] of NAMES.entries()) tables[name]().toStream().to(topics[i]!)
      return topics
    },
    naive: (world, sizes) => {
      const all = NAMES.map((to) => naiveWindows({ ...world, tell: (record) => world.tell({ ...record, to }) }, sizes, FOLDS[to]))
      return (record) => {
        for (const each of all) each.take(record)
      }
    },
  })
}

agrees('D4: a group below windows hears what each window was, but in parity mode also what it began from', {
  settings: sizesOf('hopping', 'sliding', 'session'),
  parity: ({ parity }) => parity,
  late: 25,
  steps: (builder, sizes) => {
    const table = windowedTables(builder.stream(left), sizes, 'every-update').aggregated()
    grouped(table.mapValues((value) => `${value.length % 3}${value}`))
      .toStream()
      .to(named('groups'))
    return [named('groups')]
  },
  naive: (world, sizes) => {
    const group = naiveGroups(world, 'groups')
    const text = (value: unknown): string | null => (typeof value === 'string' ? `${value.length % 3}${value}` : null)
    const tell = (change: Out): void => group(change, text(change.old), text(change.value))
    const windows = naiveWindows({ ...world, tell }, sizes, FOLDS.aggregated)
    return (record) => void windows.take(record)
  },
})

agrees('W17: an unlimited window begins once and never ends; what is before it belongs nowhere', {
  settings: fc.record({ start: fc.nat(20) }),
  steps: (builder, { start }) => {
    const topic = { name: 'out', key: serdes.timeWindowed(serdes.string, Number.MAX_SAFE_INTEGER), value: serdes.string }
    builder
      .stream(left)
      .groupByKey()
      .windowedBy(unlimited(start))
      .aggregate(
        () => '0',
        (sum, value) => (value?.[0] === 'z' ? null : `${sum}+${value}`),
        { value: left.value },
      )
      .toStream()
      .to(topic)
    return [topic]
  },
  naive: ({ tell, drop }, { start }) => {
    const rows = new Map<string, { value: string; timestamp: number }>()
    return (record) => {
      const { key, value } = record
      if (key === null) return drop('null_key')
      if (record.timestamp < start) return
      const before = rows.get(key)
      const after = value?.[0] === 'z' ? null : `${before?.value ?? '0'}+${value}`
      const timestamp = Math.max(record.timestamp, before?.timestamp ?? 0)
      if (after === null) rows.delete(key)
      else rows.set(key, { value: after, timestamp })
      tell({ ...record, key: windowed(key, start, Number.MAX_SAFE_INTEGER), value: after, timestamp })
    }
  },
})

agrees('E6: a cogroup in windows is the same windows, each record folded as its stream says', {
  settings: sizesOf('hopping', 'sliding', 'session'),
  parity: ({ parity }) => parity,
  from: ['left', 'right'],
  late: 25,
  steps: (builder, sizes) => {
    const { kind, size, advance, grace } = sizes
    const { add, merge } = FOLDS.aggregated
    const out = windowedTopic('out', sizes)
    const streams = builder
      .stream(left)
      .groupByKey()
      .cogroup<string>((sum, value, key) => add(sum, value, `l${key}`))
      .cogroup(builder.stream(right).groupByKey(), (sum, value, key) => add(sum, value, `r${key}`))
    const table =
      kind === 'session'
        ? streams.windowedBy(session(size).grace(grace)).aggregate(() => '0', { value: left.value, merge })
        : streams
            .windowedBy(kind === 'sliding' ? sliding(size).grace(grace) : hopping(size, { advance }).grace(grace))
            .aggregate(() => '0', { value: left.value })
    table.toStream().to(out)
    return [out]
  },
  naive: (world, sizes) => {
    const store = naiveStore(sizes)
    const [lefts, rights] = ['l', 'r'].map((side) =>
      naiveWindows(
        world,
        sizes,
        { ...FOLDS.aggregated, add: (sum, value, key) => FOLDS.aggregated.add(sum, value, `${side}${key}`) },
        store,
      ),
    )
    return (record) => void (record.from === 'left' ? lefts : rights)!.take(record)
  },
})
