/**
 * What a program answers, by the words of the steps alone: maps, lists and whole scans, nothing of the library. `parity`: as Kafka Streams answers it;
 * otherwise without the four defects of its that the library mends.
 */
import { chosen, outputTopic, SOURCES, type Input, type Program, type Step } from '../grammar.ts'
import { added, foreign, keeps, mapped, pair, rekeyed, several, short, taken, type Text } from '../words.ts'
import { foreignJoin, joinedStreams, lookedUp } from './joins.ts'
import {
  foldedTable,
  groupedTable,
  joinedTable,
  regroup,
  streamOf,
  suppressed,
  tableOf,
  viewOf,
  type GroupFold,
  type Regrouped,
  type Row,
  type Table,
} from './tables.ts'
import { sessionWindows, slidingWindows, timeWindows, type Windows } from './windows.ts'
import { Flow, World, type Item, type Window } from './world.ts'

/** A stream, and whether its keys were changed since its topic. */
interface Stream {
  readonly flow: Flow<Item>
  readonly rekeyed: boolean
}

/** A windowed table, and when its windows close: so long after their end. */
interface Windowed {
  readonly windows: Table
  readonly closesAfterMs: number
  readonly inclusive: boolean
}

type Collection = Stream | { readonly table: Table } | Windowed

interface Context {
  readonly world: World
  readonly parity: boolean
}

/** The output topics of a program after these inputs. */
export function interpret(
  { steps, outputs }: Program,
  inputs: readonly Input[],
  { parity }: { readonly parity: boolean },
): ReadonlyMap<string, readonly Item[]> {
  const world = new World()
  const made: Collection[] = SOURCES.map(({ topic, kind, stored = false }) => {
    const flow = new Flow<Item>()
    world.read<Item>(topic, (item) => flow.push(item))
    return kind === 'stream' ? { flow, rekeyed: false } : { table: tableOf(flow, { stored }) }
  })
  for (const step of steps) {
    const first = made.length
    made.push(
      ...STEPS[step.op]!(
        step,
        step.from.map((n) => made[n]!),
        { world, parity },
      ),
    )
    for (const n of outputs) if (n >= first && n < made.length) itemsOf(made[n]!).listen((item) => world.write(outputTopic(n), item))
  }
  for (const { topic, ...item } of inputs) {
    world.send(topic, item)
    world.run()
  }
  return world.outputs
}

function itemsOf(collection: Collection): Flow<Item> {
  if ('flow' in collection) return collection.flow
  return streamOf('table' in collection ? collection.table : collection.windows)
}

type Meaning = (step: Step, from: readonly Collection[], context: Context) => readonly Collection[]
const stream = (collection: Collection | undefined): Stream => collection as Stream
const tableIn = (collection: Collection | undefined): Table => (collection as { readonly table: Table }).table

/** Each item as any number of others. */
function through({ flow }: Stream, change: (item: Item) => readonly Item[]): Flow<Item> {
  const out = new Flow<Item>(flow)
  flow.listen((item) => {
    for (const other of change(item)) out.push(other)
  })
  return out
}

/** Behind a topic of the application's own, which drops null keys unless a join below means something by them. */
function repartitioned(flow: Flow<Item>, name: string, world: World): Flow<Item> {
  const topic = `app-${name}-repartition`
  const out = new Flow<Item>(flow)
  flow.listen((item) => {
    if (item.key !== null || out.keepsNullKeys) world.send(topic, item)
  })
  world.read<Item>(topic, (item) => out.push(item))
  return out
}

const byKey = ({ flow, rekeyed: isRekeyed }: Stream, name: string, { world }: Context): Flow<Item> =>
  isRekeyed ? repartitioned(flow, name, world) : flow

function grouped(step: Step, [first]: readonly Collection[], context: Context): Flow<Item> {
  const regroups = step.choices['regroup'] === 1
  const source = stream(first)
  const keyed = regroups ? { flow: through(source, (item) => [{ ...item, key: rekeyed(item.value, 0) }]), rekeyed: true } : source
  return byKey(keyed, step.name, context)
}

const START = '0'

/** A fold of a stream's records by key. */
function aggregated(flow: Flow<Item>, add: (sum: string | undefined, value: string) => Text, absent: Text): Table {
  return foldedTable([{ flow, takes: ({ value }) => value !== null, fold: folding(add) }], absent)
}

const folding =
  (add: (sum: string | undefined, value: string) => Text) =>
  (before: Row | undefined, { value, time }: Item): { value: Text; time: number } => ({
    value: add(before?.value, value!),
    time: Math.max(time, before?.time ?? -1),
  })

function windowsOf(step: Step, { parity }: Context, spanMs: number): Windows {
  const graceMs = chosen(step, 'graceMs')
  const clears = step.choices['clears'] ?? 0
  return {
    graceMs,
    retentionMs: spanMs + graceMs,
    atClose: chosen(step, 'emit') === 1,
    parity,
    add: (sum, value) => added(sum, value, clears)!,
  }
}

/** Windows at multiples of the advance. */
const every =
  (sizeMs: number, advanceMs: number) =>
  (time: number): readonly Omit<Window, 'key'>[] => {
    const found: Omit<Window, 'key'>[] = []
    for (let start = 0; start <= time; start += advanceMs) if (time < start + sizeMs) found.push({ start, end: start + sizeMs })
    return found
  }

const closing = (windows: Table, closesAfterMs: number, inclusive: boolean): Windowed => ({ windows, closesAfterMs, inclusive })

function groupFold(step: Step): GroupFold {
  const clears = step.choices['clears'] ?? 0
  const by = (n: number) => (sum: string) => String(Number(sum) + n)
  if (chosen(step, 'fold') === 0) return { initial: START, add: by(1), take: by(-1) }
  const fold = {
    add: (sum: string, value: string) => added(sum, value, clears),
    take: (sum: string, value: string) => taken(sum, value, clears),
  }
  return chosen(step, 'fold') === 1 ? { initial: undefined, ...fold } : { initial: START, ...fold }
}

function groups(
  table: Table,
  step: Step,
  { world }: Context,
  group: (change: { readonly key: string; readonly value: string }) => readonly [Text, Text],
): readonly Collection[] {
  const topic = `app-${step.name}-repartition`
  const flow = new Flow<Regrouped>(table.changes)
  regroup(table, group, (change) => world.send(topic, change))
  world.read<Regrouped>(topic, (change) => flow.push(change))
  return [{ table: groupedTable(flow, groupFold(step)) }]
}

/** Without the defect, a window with an inclusive end is held back until that end is over. */
const UNLIMITED_END = Number.MAX_SAFE_INTEGER

/** What each production means. */
const STEPS: Readonly<Record<string, Meaning>> = {
  filter: (step, [from]) => {
    const source = stream(from)
    return [{ ...source, flow: through(source, (item) => (keeps(item.value, chosen(step, 'modulus')) ? [item] : [])) }]
  },
  mapValues: (step, [from]) => {
    const source = stream(from)
    return [{ ...source, flow: through(source, (item) => [{ ...item, value: mapped(item.value, chosen(step, 'nulls')) }]) }]
  },
  flatMap: (_, [from]) => [
    {
      flow: through(stream(from), (item) => several(item.key, item.value).map(([key, value]) => ({ ...item, key, value }))),
      rekeyed: true,
    },
  ],
  selectKey: (step, [from]) => [
    { flow: through(stream(from), (item) => [{ ...item, key: rekeyed(item.value, chosen(step, 'nulls')) }]), rekeyed: true },
  ],
  merge: (_, [left, right]) => {
    const sides = [...new Set([stream(left), stream(right)])]
    const flow = new Flow<Item>(...sides.map((side) => side.flow))
    for (const side of sides) side.flow.listen((item) => flow.push(item))
    return [{ flow, rekeyed: sides.some((side) => side.rekeyed) }]
  },
  split: (step, [from]) => {
    const source = stream(from)
    const some = new Flow<Item>(source.flow)
    const rest = new Flow<Item>(source.flow)
    source.flow.listen((item) => (keeps(item.value, chosen(step, 'modulus')) ? some : rest).push(item))
    return [
      { flow: some, rekeyed: source.rekeyed },
      { flow: rest, rekeyed: source.rekeyed },
    ]
  },
  repartition: (step, [from], { world }) => [{ flow: repartitioned(stream(from).flow, step.name, world), rekeyed: false }],
  toTable: (step, [from], context) => [
    { table: tableOf(byKey(stream(from), step.name, context), { stored: chosen(step, 'stored') === 1 }) },
  ],
  count: (step, from, context) => [
    { table: aggregated(grouped(step, from, context), (sum = '0') => String(Number(sum) + 1), context.parity ? '0' : null) },
  ],
  reduce: (step, from, context) => [
    { table: aggregated(grouped(step, from, context), (sum, value) => (sum === undefined ? value : added(sum, value, 0)), null) },
  ],
  aggregate: (step, from, context) => [
    {
      table: aggregated(
        grouped(step, from, context),
        (sum = START, value) => added(sum, value, chosen(step, 'clears')),
        context.parity ? START : null,
      ),
    },
  ],
  cogroup: (step, [left, right], context) => {
    const side = (from: Stream, name: string, sign: string) => ({
      flow: byKey(from, name, context),
      takes: ({ value }: Item) => value !== null,
      fold: folding((sum = START, value) => short(`${sum}${sign}${value}`)),
    })
    return [
      {
        table: foldedTable(
          [side(stream(left), `${step.name}l`, '<'), side(stream(right), `${step.name}r`, '>')],
          context.parity ? START : null,
        ),
      },
    ]
  },
  tumbling: (step, from, context) => {
    const size = chosen(step, 'sizeMs')
    const how = windowsOf(step, context, size)
    return [closing(timeWindows(grouped(step, from, context), how, every(size, size)), how.graceMs, false)]
  },
  hopping: (step, from, context) => {
    const size = chosen(step, 'sizeMs')
    const how = windowsOf(step, context, size)
    return [closing(timeWindows(grouped(step, from, context), how, every(size, chosen(step, 'advanceMs'))), how.graceMs, false)]
  },
  unlimited: (step, from, context) => {
    const start = chosen(step, 'startMs')
    const add = (sum: string, value: Text): string => added(sum, value, 0)!
    const how = { graceMs: 0, retentionMs: UNLIMITED_END, atClose: false, parity: context.parity, add }
    const place = (time: number): readonly Omit<Window, 'key'>[] => (time < start ? [] : [{ start, end: UNLIMITED_END }])
    return [closing(timeWindows(grouped(step, from, context), how, place), 0, false)]
  },
  sliding: (step, from, context) => {
    const difference = chosen(step, 'differenceMs')
    const how = windowsOf(step, context, 2 * difference)
    return [closing(slidingWindows(grouped(step, from, context), difference, how), how.graceMs, true)]
  },
  session: (step, from, context) => {
    const gap = chosen(step, 'gapMs')
    const how = windowsOf(step, context, gap)
    return [closing(sessionWindows(grouped(step, from, context), gap, how), how.graceMs + gap, true)]
  },
  untilClose: (_, [from], { parity }) => {
    const { windows, closesAfterMs, inclusive } = from as Windowed
    const table = suppressed(windows, {
      waitMs: closesAfterMs,
      from: ({ window }) => window!.end,
      dropsNull: true,
      maxRecords: 0,
      inclusive: inclusive && !parity,
    })
    return [{ ...(from as Windowed), windows: table }]
  },
  untilLimit: (step, [from]) => {
    const [waitMs, maxRecords] = [chosen(step, 'waitMs'), chosen(step, 'maxRecords')]
    return [{ table: suppressed(tableIn(from), { waitMs, from: ({ time }) => time, dropsNull: false, maxRecords, inclusive: false }) }]
  },
  windowFilter: (step, [from]) => {
    const row = (value: string): Text => (keeps(value, chosen(step, 'modulus')) ? value : null)
    return [{ ...(from as Windowed), windows: viewOf((from as Windowed).windows, { stored: false, skipsEmpty: true, row }) }]
  },
  windowStream: (_, [from]) => [{ flow: streamOf((from as Windowed).windows), rekeyed: true }],
  windowGroup: (step, [from], context) => groups((from as Windowed).windows, step, context, ({ key, value }) => [rekeyed(key, 0), value]),
  tableFilter: (step, [from]) => {
    const row = (value: string): Text => (keeps(value, chosen(step, 'modulus')) ? value : null)
    return [{ table: viewOf(tableIn(from), { stored: chosen(step, 'stored') === 1, skipsEmpty: true, row }) }]
  },
  tableMapValues: (step, [from]) => {
    const row = (value: string): Text => mapped(value, chosen(step, 'nulls'))
    return [{ table: viewOf(tableIn(from), { stored: chosen(step, 'stored') === 1, skipsEmpty: false, row }) }]
  },
  toStream: (step, [from]) => {
    const flow = streamOf(tableIn(from))
    if (chosen(step, 'rekey') === 0) return [{ flow, rekeyed: false }]
    return [{ flow: through({ flow, rekeyed: false }, (item) => [{ ...item, key: rekeyed(item.value, 0) }]), rekeyed: true }]
  },
  tableGroup: (step, [from], context) =>
    groups(tableIn(from), step, context, ({ value }) => [rekeyed(value, chosen(step, 'nulls')), value]),
  tableJoin: (step, [left, right]) => {
    const kind = chosen(step, 'kind')
    const how = { leftMayMiss: kind === 2, rightMayMiss: kind > 0, stored: chosen(step, 'stored') === 1, join: pair }
    return [{ table: joinedTable(tableIn(left), tableIn(right), how) }]
  },
  foreignKeyJoin: (step, [left, right], { world }) => {
    const how = {
      name: step.name,
      isLeft: chosen(step, 'left') === 1,
      key: (row: string) => foreign(row, chosen(step, 'nulls')),
      join: pair,
    }
    return [{ table: tableOf(foreignJoin(tableIn(left), tableIn(right), how, world), { stored: chosen(step, 'stored') === 1 }) }]
  },
  streamTableJoin: (step, [left, right], context) => {
    const table = tableIn(right)
    table.open()
    const flow = byKey(stream(left), step.name, context)
    return [
      {
        flow: lookedUp(flow, { get: (key) => table.get(key), isLeft: chosen(step, 'left') === 1, key: ({ key }) => key, join: pair }),
        rekeyed: false,
      },
    ]
  },
  globalJoin: (step, [left, right]) => {
    const source = stream(left)
    const key = ({ value }: Item): Text => foreign(value!, chosen(step, 'nulls'))
    const get = (named: string): Row | undefined => tableIn(right).get(named)
    return [{ ...source, flow: lookedUp(source.flow, { get, isLeft: chosen(step, 'left') === 1, key, join: pair }) }]
  },
  streamJoin: (step, [left, right], context) => {
    const kind = chosen(step, 'kind')
    const mine = byKey(stream(left), `${step.name}-left`, context)
    const other = byKey(stream(right), `${step.name}-right`, context)
    const how = {
      beforeMs: chosen(step, 'beforeMs'),
      afterMs: chosen(step, 'afterMs'),
      graceMs: chosen(step, 'graceMs'),
      eager: chosen(step, 'eager') === 1,
      leftMayMiss: kind === 2,
      rightMayMiss: kind > 0,
      join: pair,
    }
    return [{ flow: joinedStreams(mine, other, how), rekeyed: false }]
  },
}
