/** The application of jvm/TakeoverStores.java here: each kind of store, format of a changelog and internal topic once. Its results are texts, by topic. */
import {
  hours,
  joinWindow,
  hopping,
  keyValueStore,
  minutes,
  seconds,
  serdes,
  session,
  sessionStore,
  sliding,
  StreamsBuilder,
  topic,
  tumbling,
  untilTimeLimit,
  untilWindowCloses,
  versionedStore,
  windowStore,
  type KGroupedStream,
  type KStream,
  type KTable,
  type Topic,
  type Topology,
  type Windowed,
} from '../../src/index.ts'

/** Partitions of the inputs and outputs. */
export const PARTITIONS = 4

/**
 * The outputs, by how they can be compared. `ordered`: each key's results in order. `gathered`: they come when the wall clock lets them, each once.
 * `final`: each key's last result, where two topics meet or what comes between depends on the moment.
 */
export const outputs = {
  ordered: ['patient', 'sessions', 'sliding', 'hopping', 'cogroup', 'headed', 'headed-windows', 'headed-sessions'],
  gathered: ['left', 'outer', 'finals', 'closed', 'closed-sessions'],
  final: ['inner-names', 'left-names', 'limited', 'regrouped'],
} as const

/** The name of an output. */
export type OutputName = (typeof outputs)[keyof typeof outputs][number]

/** Texts that may be deleted. */
export type TextTopic = Topic<string, string | null>

const GRACE_MS = 1_200
const TEXTS = { key: serdes.string, value: serdes.string } as const
const COUNTS = { key: serdes.string, value: serdes.long } as const
const perSecond = tumbling(seconds(1)).grace(GRACE_MS)
const visits = session(400).grace(GRACE_MS)

/** A topic of texts. */
export function textTopic(prefix: string, name: string): TextTopic {
  return topic(`${prefix}-${name}`, { ...TEXTS, nullable: 'value' })
}

/** The topology: its inputs' names begin with one word, its outputs' with another. */
export function takeoverStoresTopology(applicationId: string, inputs: string): Topology {
  const builder = new StreamsBuilder()
  const numbers = builder.stream(topic(`${inputs}-numbers`, TEXTS))
  const people = builder.table(textTopic(inputs, 'people'), { store: 'people' })
  const names = builder.table(textTopic(inputs, 'names'))
  const out: Out = (name) => topic(`${applicationId}-${name}`, TEXTS)
  streamJoins(numbers, out)
  people
    .join(names, pair, { ...TEXTS, foreignKey: lastDigit })
    .toStream()
    .to(out('inner-names'))
  const left = {
    ...TEXTS,
    foreignKey: (value: string): string | null => (value.endsWith('0') ? null : lastDigit(value)),
    store: 'left-names',
  }
  people.leftJoin(names, pair, left).toStream().to(out('left-names'))
  const byDigit = people.groupBy((value, key) => [lastDigit(value), key], TEXTS)
  byDigit
    .aggregate(
      () => '0',
      (n) => String(Number(n) + 1),
      (n) => String(Number(n) - 1),
      TEXTS,
    )
    .toStream()
    .to(out('regrouped'))
  windows(numbers.groupByKey(), out)
  others(numbers, out)
  const grouped = numbers.groupByKey()
  const headed = keyValueStore('headed', { ...TEXTS, format: 'headers' })
  grouped
    .reduce((sum, value) => String(((Number(sum) * 3) % 10_007) + Number(value)), { store: headed })
    .toStream()
    .to(out('headed'))
  const kept = { ...COUNTS, format: 'headers' } as const
  inTexts(
    grouped
      .windowedBy(perSecond)
      .count({ store: windowStore('headed-windows', { ...kept, sizeMs: seconds(1), retentionMs: seconds(1) + GRACE_MS }) }),
  ).to(out('headed-windows'))
  inTexts(grouped.windowedBy(visits).count({ store: sessionStore('headed-sessions', { ...kept, retentionMs: 400 + GRACE_MS }) })).to(
    out('headed-sessions'),
  )
  return builder.build()
}

type Out = (name: string) => Topic<string, string>

function streamJoins(numbers: KStream<string, string>, out: Out): void {
  const evens = numbers.filter((value) => Number(value) % 2 === 0)
  const odds = numbers.filter((value) => Number(value) % 2 === 1)
  const within = joinWindow(300).grace(GRACE_MS)
  odds.leftJoin(evens, pair, { within }).to(out('left'))
  odds.outerJoin(evens, pair, { within, store: 'outer' }).to(out('outer'))
  const history = numbers.toTable({ store: versionedStore('history', { ...TEXTS, historyMs: minutes(1) }) })
  odds.leftJoin(history, pair, { name: 'patient', grace: 1_100 }).to(out('patient'))
}

function windows(grouped: KGroupedStream<string, string>, out: Out): void {
  inTexts(grouped.windowedBy(perSecond).count(COUNTS).suppress(untilWindowCloses())).to(out('finals'))
  inTexts(grouped.windowedBy(visits).count(COUNTS)).to(out('sessions'))
  inTexts(grouped.windowedBy(sliding(500).grace(GRACE_MS)).count(COUNTS)).to(out('sliding'))
  inTexts(grouped.windowedBy(hopping(seconds(1), { advance: 300 }).grace(GRACE_MS)).count(COUNTS)).to(out('hopping'))
  // Kafka Streams loses windows that its store forgets before it looks for closed ones, so these are kept.
  const kept = { ...COUNTS, retentionMs: hours(1) } as const
  const closed = windowStore('closed', { ...kept, sizeMs: seconds(1) })
  inTexts(grouped.windowedBy(perSecond).count({ store: closed, emit: 'on-window-close' })).to(out('closed'))
  inTexts(grouped.windowedBy(visits).count({ store: sessionStore('closed-sessions', kept), emit: 'on-window-close' })).to(
    out('closed-sessions'),
  )
}

function others(numbers: KStream<string, string>, out: Out): void {
  const evens = numbers.filter((value) => Number(value) % 2 === 0).groupByKey()
  const odds = numbers.filter((value) => Number(value) % 2 === 1).groupByKey()
  const sums = evens
    .cogroup<string>((sum, value) => String(((Number(sum) * 3) % 10_007) + Number(value)))
    .cogroup(odds, (sum, value) => String(((Number(sum) * 7) % 10_007) - Number(value)))
    .aggregate(() => '0', TEXTS)
  sums.toStream().to(out('cogroup'))
  sums
    .suppress(untilTimeLimit(seconds(3)), { name: 'limited' })
    .toStream()
    .to(out('limited'))
}

function inTexts(counts: KTable<Windowed<string>, number, boolean>): KStream<string, string | null> {
  const texts = (count: number | null, { key, window }: Windowed<string>): readonly [string, string | null] => [
    `${key}@${window.start}-${window.end}`,
    count === null ? null : String(count),
  ]
  return counts.toStream().map(texts, TEXTS)
}

function pair(left: string | null, right: string | null): string {
  return `${left}/${right}`
}

function lastDigit(value: string): string {
  return value.slice(-1)
}
