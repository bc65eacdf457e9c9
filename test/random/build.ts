/** A random program as a topology, with the public DSL. */
import {
  hopping,
  joinWindow,
  otherwise,
  serdes,
  session,
  sliding,
  StreamsBuilder,
  topic,
  tumbling,
  unlimited,
  untilTimeLimit,
  untilWindowCloses,
  type BuildOptions,
  type GlobalKTable,
  type KGroupedStream,
  type KGroupedTable,
  type KStream,
  type KTable,
  type Serde,
  type Topology,
  type Windowed,
} from '../../src/index.ts'
import { chosen, outputTopic, SOURCES, type Program, type Step } from './grammar.ts'
import { added, foreign, keeps, mapped, pair, rekeyed, several, short, taken, united, windowText, type Text } from './words.ts'

type Rows = KTable<string, string, boolean>
type Windows = KTable<Windowed<string>, string, boolean>
type Stream = KStream<Text, Text>
type Collection = Stream | Rows | Windows | GlobalKTable<string, string>

const texts: { readonly key: Serde<string>; readonly value: Serde<string> } = { key: serdes.string, value: serdes.string }

/** Builds a program. */
export function build({ steps, outputs }: Program, options: BuildOptions = {}): Topology {
  const builder = new StreamsBuilder()
  const sources = new Map<number, Collection>()
  const source = (n: number): Collection => {
    const known = sources.get(n)
    if (known !== undefined) return known
    const made = sourceOf(builder, n)
    sources.set(n, made)
    return made
  }
  const made: Collection[] = []
  const find = (n: number): Collection => (n < SOURCES.length ? source(n) : made[n - SOURCES.length]!)
  for (const step of steps) {
    const first = SOURCES.length + made.length
    made.push(...STEPS[step.op]!(step, step.from.map(find)))
    for (const n of outputs) if (n >= first && n < SOURCES.length + made.length) write(find(n), outputTopic(n))
  }
  return builder.build(options)
}

function sourceOf(builder: StreamsBuilder, n: number): Collection {
  const { topic: name, kind, stored = false } = SOURCES[n]!
  const input = topic(name, { ...texts, nullable: 'both' })
  if (kind === 'stream') return builder.stream(input)
  if (kind === 'global') return builder.globalTable(input, { store: name })
  return builder.table(input, stored ? { store: name } : {}) as Rows
}

function write(collection: Collection, name: string): void {
  const out = topic(name, { ...texts, nullable: 'both' })
  if ('to' in collection) collection.to(out)
  else if ('isGlobal' in collection) throw new Error('a global table is not written')
  else
    (collection as Rows)
      .toStream()
      .mapValues((value: Text) => value)
      .selectKey((_, key) => textOf(key))
      .to(out)
}

const textOf = (key: string | Windowed<string>): string => (typeof key === 'string' ? key : windowText(key.key, key.window))

type Build = (step: Step, from: readonly Collection[]) => readonly Collection[]
const stream = ([first]: readonly Collection[]): Stream => first as Stream
const rows = ([first]: readonly Collection[]): Rows => first as Rows
const windows = ([first]: readonly Collection[]): Windows => first as Windows
/** Null keys are there and go where they go; what happens to them is what is compared. */
const keyed = (collection: Collection): KStream<string, Text> => collection as unknown as KStream<string, Text>

function grouped(step: Step, from: readonly Collection[]): KGroupedStream<string, Text> {
  const { name } = step
  if (step.choices['regroup'] === 1) return stream(from).groupBy<Text>((value) => rekeyed(value, 0), { name, ...texts })
  return keyed(from[0]!).groupByKey({ name, ...texts })
}

function kept({ name, choices }: Step): { readonly store?: string; readonly value: Serde<string> } {
  return choices['stored'] === 1 ? { store: `${name}-store`, ...texts } : texts
}

const start = (): string => '0'
const emitOf = (step: Step): { readonly emit: 'every-update' | 'on-window-close' } => ({
  emit: step.choices['emit'] === 1 ? 'on-window-close' : 'every-update',
})
const named = ({ name }: Step): { readonly store: string } & typeof texts => ({ store: `${name}-store`, ...texts })

function folded(table: KGroupedTable<string, string>, step: Step): Rows {
  const clears = step.choices['clears'] ?? 0
  const add = (sum: string, value: string): Text => added(sum, value, clears)
  const take = (sum: string, value: string): Text => taken(sum, value, clears)
  const fold = chosen(step, 'fold')
  if (fold === 0)
    return table.count({ store: `${step.name}-store`, key: serdes.string }).mapValues(String, { value: serdes.string }) as Rows
  if (fold === 1) return table.reduce(add, take, named(step)) as Rows
  return table.aggregate<string, Text>(start, add, take, named(step))
}

/** What each production is in the DSL. */
const STEPS: Readonly<Record<string, Build>> = {
  filter: (step, from) => [stream(from).filter((value) => keeps(value, chosen(step, 'modulus')))],
  mapValues: (step, from) => [stream(from).mapValues((value) => mapped(value, chosen(step, 'nulls')), { value: serdes.string })],
  flatMap: (_, from) => [stream(from).flatMap((value, key) => several(key, value), texts)],
  selectKey: (step, from) => [stream(from).selectKey((value) => rekeyed(value, chosen(step, 'nulls')), { key: serdes.string })],
  merge: (_, [left, right]) => [(left as Stream).merge(right as Stream)],
  split: (step, from) => {
    const { some, rest } = stream(from).split(
      { some: (value) => keeps(value, chosen(step, 'modulus')), rest: otherwise },
      { name: step.name },
    )
    return [some, rest]
  },
  repartition: ({ name }, from) => [stream(from).repartition({ name, ...texts })],
  toTable: (step, from) => [stream(from).toTable({ name: step.name, ...kept(step) })],
  count: (step, from) => [
    grouped(step, from)
      .count({ store: `${step.name}-store`, key: serdes.string })
      .mapValues(String, { value: serdes.string }) as Rows,
  ],
  reduce: (step, from) => [grouped(step, from).reduce((a, b) => added(a, b, 0), named(step)) as Rows],
  aggregate: (step, from) => [
    grouped(step, from).aggregate<string, Text>(start, (sum, value) => added(sum, value, chosen(step, 'clears')), named(step)),
  ],
  cogroup: (step, [left, right]) => [
    keyed(left!)
      .groupByKey({ name: `${step.name}l`, ...texts })
      .cogroup<string>((sum, value) => short(`${sum}<${value}`))
      .cogroup(keyed(right!).groupByKey({ name: `${step.name}r`, ...texts }), (sum, value) => short(`${sum}>${value}`))
      .aggregate(start, named(step)),
  ],
  tumbling: (step, from) => [
    grouped(step, from)
      .windowedBy(tumbling(chosen(step, 'sizeMs')).grace(chosen(step, 'graceMs')))
      .aggregate<string, Text>(start, (sum, value) => added(sum, value, chosen(step, 'clears')), {
        ...named(step),
        ...emitOf(step),
      }),
  ],
  hopping: (step, from) => [
    grouped(step, from)
      .windowedBy(hopping(chosen(step, 'sizeMs'), { advance: chosen(step, 'advanceMs') }).grace(chosen(step, 'graceMs')))
      .aggregate(start, (sum, value) => added(sum, value, 0)!, { ...named(step), ...emitOf(step) }),
  ],
  unlimited: (step, from) => [
    grouped(step, from)
      .windowedBy(unlimited(chosen(step, 'startMs')))
      .aggregate(start, (sum, value) => added(sum, value, 0)!, named(step)),
  ],
  sliding: (step, from) => [
    grouped(step, from)
      .windowedBy(sliding(chosen(step, 'differenceMs')).grace(chosen(step, 'graceMs')))
      .aggregate(start, (sum, value) => added(sum, value, 0)!, { ...named(step), ...emitOf(step) }),
  ],
  session: (step, from) => [
    grouped(step, from)
      .windowedBy(session(chosen(step, 'gapMs')).grace(chosen(step, 'graceMs')))
      .aggregate<string>(start, (sum, value) => added(sum, value, chosen(step, 'clears')), {
        ...named(step),
        ...emitOf(step),
        merge: united,
      }),
  ],
  untilClose: ({ name }, from) => [windows(from).suppress(untilWindowCloses(), { name: `${name}-final` })],
  untilLimit: (step, from) => {
    const maxRecords = chosen(step, 'maxRecords')
    return [
      rows(from).suppress(untilTimeLimit(chosen(step, 'waitMs'), maxRecords === 0 ? {} : { maxRecords }), { name: `${step.name}-limit` }),
    ]
  },
  windowFilter: (step, from) => [windows(from).filter((value) => keeps(value, chosen(step, 'modulus')))],
  windowStream: (_, from) => [
    windows(from)
      .toStream()
      .selectKey((_value, key) => textOf(key), { key: serdes.string }) as unknown as Stream,
  ],
  windowGroup: (step, from) => [
    folded(
      windows(from).groupBy((value, key) => [rekeyed(textOf(key), 0)!, value], { name: step.name, ...texts }),
      step,
    ),
  ],
  tableFilter: (step, from) => [rows(from).filter((value) => keeps(value, chosen(step, 'modulus')), kept(step))],
  tableMapValues: (step, from) => [rows(from).mapValues((value) => mapped(value, chosen(step, 'nulls')), kept(step)) as Rows],
  toStream: (step, from) => [
    (chosen(step, 'rekey') === 1
      ? rows(from)
          .toStream()
          .selectKey((value: Text) => rekeyed(value, 0), { key: serdes.string })
      : rows(from).toStream()) as unknown as Stream,
  ],
  tableGroup: (step, from) => [
    folded(
      rows(from).groupBy((value) => [rekeyed(value, chosen(step, 'nulls')), value], { name: step.name, ...texts }),
      step,
    ),
  ],
  tableJoin: (step, [left, right]) => {
    const kind = chosen(step, 'kind')
    const isStored = chosen(step, 'stored') === 1
    // A join that is given serdes has a store, as in Kafka Streams; without one, a view below says them.
    const options = { name: step.name, ...(isStored ? kept(step) : {}) }
    const [mine, other] = [left as Rows, right as Rows]
    const joined =
      kind === 0 ? mine.join(other, pair, options) : kind === 1 ? mine.leftJoin(other, pair, options) : mine.outerJoin(other, pair, options)
    return [isStored ? joined : joined.mapValues<string>((value) => value, { value: serdes.string })]
  },
  foreignKeyJoin: (step, [left, right]) => {
    const options = { name: step.name, ...kept(step), foreignKey: (value: string) => foreign(value, chosen(step, 'nulls')) }
    const [mine, other] = [left as Rows, right as Rows]
    return [chosen(step, 'left') === 1 ? mine.leftJoin(other, pair, options) : mine.join(other, pair, options)]
  },
  streamTableJoin: (step, [left, right]) => {
    const options = { name: step.name, value: serdes.string }
    const mine = keyed(left!)
    return [
      (chosen(step, 'left') === 1
        ? mine.leftJoin(right as Rows, pair, options)
        : mine.join(right as Rows, pair, options)) as unknown as Stream,
    ]
  },
  globalJoin: (step, [left, right]) => {
    const options = { name: step.name, value: serdes.string, key: (value: string) => foreign(value, chosen(step, 'nulls')) }
    const table = right as GlobalKTable<string, string>
    const mine = left as Stream
    return [(chosen(step, 'left') === 1 ? mine.leftJoin(table, pair, options) : mine.join(table, pair, options)) as Stream]
  },
  streamJoin: (step, [left, right]) => {
    const kind = chosen(step, 'kind')
    const window = joinWindow(chosen(step, 'beforeMs')).after(chosen(step, 'afterMs')).grace(chosen(step, 'graceMs'))
    const within = chosen(step, 'eager') === 1 ? window.eager() : window
    const options = { name: step.name, store: step.name, value: serdes.string, within }
    const [mine, other] = [left as Stream, right as Stream]
    if (kind === 0) return [mine.join(other, pair, options) as unknown as Stream]
    return [(kind === 1 ? mine.leftJoin(other, pair, options) : mine.outerJoin(other, pair, options)) as unknown as Stream]
  },
}
