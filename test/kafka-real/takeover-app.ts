/**
 * The application of jvm/Takeover.java here, and what it must answer: an aggregate that knows the order of its numbers, counts in windows, counts
 * behind a repartition, two tables joined, a table grouped anew, and two streams joined; each also computed plainly from the numbers, as if one program had run all the
 * time.
 */
import { murmur2, partitionOf } from '../../src/base/murmur2.ts'
import { utf8 } from '../../src/base/text.ts'
import {
  hours,
  joinWindow,
  keyValueStore,
  seconds,
  serdes,
  StreamsBuilder,
  topic,
  tumbling,
  type KeyValueStoreSpec,
  type Topic,
  type Topology,
} from '../../src/index.ts'

/** A number that was sent. */
export interface SentNumber {
  readonly key: string
  readonly value: string
  readonly timestamp: number
}

/** What came out: the values of each key in order, by topic. */
export type Answers = Readonly<Record<'digests' | 'windows' | 'digits' | 'joined', ReadonlyMap<string, readonly string[]>>> & {
  /** The last ones only: how tasks take turns decides what is between. */
  readonly sums: ReadonlyMap<string, string>
  /** In order of their texts. */
  readonly pairs: ReadonlyMap<string, readonly string[]>
}

export const PARTITIONS = 4
const SIZE_MS = 10_000
const GRACE_MS = 2_000
const NEAR_MS = 2_000

/** The store of the digests. */
export const digestStore: KeyValueStoreSpec<string, string> = keyValueStore('digests', { key: serdes.string, value: serdes.string })

/** The topics of the application. */
export function topicsOf(applicationId: string): {
  readonly numbers: Topic<string, string>
  readonly digests: Topic<string, string>
  readonly windows: Topic<string, number>
  readonly digits: Topic<string, number>
  readonly joined: Topic<string, string>
  readonly sums: Topic<string, number>
  readonly pairs: Topic<string, string>
} {
  const counts = { key: serdes.string, value: serdes.long }
  const texts = { key: serdes.string, value: serdes.string }
  return {
    numbers: topic(`${applicationId}-numbers`, texts),
    digests: topic(`${applicationId}-digests`, texts),
    windows: topic(`${applicationId}-windows`, counts),
    digits: topic(`${applicationId}-digits`, counts),
    joined: topic(`${applicationId}-joined`, texts),
    sums: topic(`${applicationId}-sums`, counts),
    pairs: topic(`${applicationId}-pairs`, texts),
  }
}

/** The topology. */
export function takeoverTopology(applicationId: string): Topology {
  const { numbers, digests, windows, digits, joined, sums, pairs } = topicsOf(applicationId)
  const builder = new StreamsBuilder()
  const source = builder.stream(numbers)
  const digested = source.groupByKey().aggregate(() => '0:0', digest, { store: digestStore })
  digested.toStream().to(digests)
  source
    .groupByKey()
    .windowedBy(tumbling(seconds(10)).grace(seconds(2)))
    .count({ store: 'windows' })
    .toStream()
    .map((count, { key, window }) => [`${key}@${window.start}`, count], { key: serdes.string, value: serdes.long })
    .to(windows)
  source
    .groupBy((value) => value.slice(-1), { key: serdes.string, name: 'digits' })
    .count({ store: 'digits' })
    .toStream()
    .to(digits)
  const latest = source.toTable({ store: 'latest' })
  latest
    .join(digested, (value, digestOfAll) => `${value}/${digestOfAll}`)
    .toStream()
    .to(joined)
  latest
    .groupBy((value) => [value.slice(-1), value], { key: serdes.string, value: serdes.string, name: 'sums' })
    .aggregate(
      () => 0,
      (sum, value) => sum + Number(value),
      (sum, value) => sum - Number(value),
      { store: 'sums', value: serdes.long },
    )
    .toStream()
    .to(sums)
  const evens = source.filter((value) => Number(value) % 2 === 0)
  const within = joinWindow(NEAR_MS).grace(hours(1))
  source.join(evens, (left, right) => `${left}/${right}`, { within, store: 'pairs' }).to(pairs)
  return builder.build()
}

/** How many numbers there were, and a hash that depends on their order. */
function digest(before: string, value: string): string {
  const [count = 0, hash = 0] = before.split(':').map(Number)
  return `${count + 1}:${(hash * 31 + Number(value)) % 1_000_003}`
}

/** What must come out for these numbers, in order of sending. */
export function expectedAnswers(sent: readonly SentNumber[]): Answers {
  const list = (): Map<string, string[]> => new Map()
  const answers = { digests: list(), windows: list(), digits: list(), joined: list() }
  const latest = new Map<string, string>()
  const streamTime = new Map<number, number>()
  const answer = (of: keyof typeof answers, key: string, next: (before: string | undefined) => string): void => {
    const known = answers[of].get(key) ?? []
    answers[of].set(key, known)
    known.push(next(known.at(-1)))
  }
  const counted = (before: string | undefined): string => String(Number(before ?? 0) + 1)
  for (const { key, value, timestamp } of sent) {
    const partition = partitionOf(murmur2(utf8(key)), PARTITIONS)
    const time = Math.max(streamTime.get(partition) ?? 0, timestamp)
    streamTime.set(partition, time)
    answer('digests', key, (before) => digest(before ?? '0:0', value))
    answer('digits', value.slice(-1), counted)
    // The digest changes first, and meets the number before.
    const digestNow = answers.digests.get(key)?.at(-1) ?? ''
    const before = latest.get(key)
    if (before !== undefined) answer('joined', key, () => `${before}/${digestNow}`)
    answer('joined', key, () => `${value}/${digestNow}`)
    latest.set(key, value)
    const start = timestamp - (timestamp % SIZE_MS)
    if (start + SIZE_MS + GRACE_MS > time) answer('windows', `${key}@${start}`, counted)
  }
  const sums = new Map<string, string>()
  for (const digit of answers.digits.keys()) {
    const own = [...latest.values()].filter((value) => value.endsWith(digit))
    sums.set(digit, String(own.reduce((sum, value) => sum + Number(value), 0)))
  }
  return { ...answers, sums, pairs: pairsOf(sent) }
}

/** Each number of a key with each even one that is near enough. */
function pairsOf(sent: readonly SentNumber[]): Answers['pairs'] {
  const byKey = new Map<string, SentNumber[]>()
  for (const number of sent) byKey.set(number.key, [...(byKey.get(number.key) ?? []), number])
  return new Map(
    [...byKey].map(([key, own]) => {
      const evens = own.filter(({ value }) => Number(value) % 2 === 0)
      const pairs = own.flatMap((left) =>
        evens.filter((right) => Math.abs(left.timestamp - right.timestamp) <= NEAR_MS).map((right) => `${left.value}/${right.value}`),
      )
      return [key, pairs.toSorted()]
    }),
  )
}
