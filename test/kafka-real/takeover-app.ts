/**
 * The application of jvm/Takeover.java here, and what it must answer: an aggregate that knows the order of its numbers, counts in windows, and counts
 * behind a repartition; each also computed plainly from the numbers, as if one program had run all the time.
 */
import { murmur2, partitionOf } from '../../src/base/murmur2.ts'
import { utf8 } from '../../src/base/text.ts'
import {
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
export type Answers = Readonly<Record<'digests' | 'windows' | 'digits', ReadonlyMap<string, readonly string[]>>>

export const PARTITIONS = 4
const SIZE_MS = 10_000
const GRACE_MS = 2_000

/** The store of the digests. */
export const digestStore: KeyValueStoreSpec<string, string> = keyValueStore('digests', { key: serdes.string, value: serdes.string })

/** The topics of the application. */
export function topicsOf(applicationId: string): {
  readonly numbers: Topic<string, string>
  readonly digests: Topic<string, string>
  readonly windows: Topic<string, number>
  readonly digits: Topic<string, number>
} {
  const counts = { key: serdes.string, value: serdes.long }
  const texts = { key: serdes.string, value: serdes.string }
  return {
    numbers: topic(`${applicationId}-numbers`, texts),
    digests: topic(`${applicationId}-digests`, texts),
    windows: topic(`${applicationId}-windows`, counts),
    digits: topic(`${applicationId}-digits`, counts),
  }
}

/** The topology. */
export function takeoverTopology(applicationId: string): Topology {
  const { numbers, digests, windows, digits } = topicsOf(applicationId)
  const builder = new StreamsBuilder()
  const source = builder.stream(numbers)
  source
    .groupByKey()
    .aggregate(() => '0:0', digest, { store: digestStore })
    .toStream()
    .to(digests)
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
  return builder.build()
}

/** How many numbers there were, and a hash that depends on their order. */
function digest(before: string, value: string): string {
  const [count = 0, hash = 0] = before.split(':').map(Number)
  return `${count + 1}:${(hash * 31 + Number(value)) % 1_000_003}`
}

/** What must come out for these numbers, in order of sending. */
export function expectedAnswers(sent: readonly SentNumber[]): Answers {
  const answers = { digests: new Map<string, string[]>(), windows: new Map<string, string[]>(), digits: new Map<string, string[]>() }
  const streamTime = new Map<number, number>()
  const answer = (of: keyof Answers, key: string, next: (before: string | undefined) => string): void => {
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
    const start = timestamp - (timestamp % SIZE_MS)
    if (start + SIZE_MS + GRACE_MS > time) answer('windows', `${key}@${start}`, counted)
  }
  return answers
}
