/** Kafka's own tools as second reader: what an application wrote, who its members are, and how far it is behind, must read there as it does here. */
import { afterEach, expect, test } from 'vitest'
import { utf8 } from '../../src/base/text.ts'
import {
  KafkaStreams,
  openTopics,
  serdes,
  StreamsBuilder,
  topic,
  type PartitionLag,
  type Topic,
  type TopicClient,
} from '../../src/index.ts'
import { describeWithKafka } from '../support/kafka/with-kafka.ts'

const CONSUMER = 'org.apache.kafka.tools.consumer.ConsoleConsumer'
const GROUPS = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand'
const PARTITIONS = 4
const text = { key: serdes.string, value: serdes.string, nullable: 'both' } as const

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]()
})

interface Shop {
  readonly topics: TopicClient
  readonly apps: readonly KafkaStreams[]
  readonly lines: Topic<string | null, string | null>
  readonly copies: Topic<string | null, string | null>
  readonly letters: Topic<string, number>
}

/** Instances of an application that copies lines and counts them by their first letter, behind a repartition. */
async function runningShop(brokers: string, applicationId: string, instances: number): Promise<Shop> {
  const lines = topic(`${applicationId}-lines`, text)
  const copies = topic(`${applicationId}-copies`, text)
  const letters = topic(`${applicationId}-letters`, { key: serdes.string, value: serdes.long })
  const topics = await openTopics({ brokers })
  open.push(topics)
  for (const { name } of [lines, copies, letters]) await topics.createTopic(name, { partitions: PARTITIONS })
  const builder = new StreamsBuilder()
  const source = builder.stream(lines)
  source.to(copies)
  source
    .filter((value): value is string => value !== null)
    .groupBy((value) => value.slice(0, 1), { key: serdes.string, name: 'letter' })
    .count({ store: 'letters' })
    .toStream()
    .to(letters)
  const options = {
    applicationId,
    brokers,
    engine: 'memory',
    commitIntervalMs: 100,
    lingerMs: 5,
    compression: 'lz4',
    logger: false,
  } as const
  const apps = Array.from(
    { length: instances },
    (_, n) => new KafkaStreams(builder.build(), { ...options, clientId: `${applicationId}-${n}` }),
  )
  for (const app of apps) {
    open.push(app)
    await app.start()
  }
  const tasks = (2 * PARTITIONS) / instances
  await expect.poll(() => apps.map((app) => app.tasks().length), { timeout: 30_000 }).toEqual(apps.map(() => tasks))
  return { topics, apps, lines, copies, letters }
}

/** The partitions of all tasks of these instances, by topic and partition. */
function lags(apps: readonly KafkaStreams[]): ReadonlyMap<string, PartitionLag> {
  const all = apps.flatMap((app) => [...app.lag().values()].flat())
  return new Map(all.map((lag) => [`${lag.topic}[${lag.partition}]`, lag]))
}

/** Settles when so many lines were processed and nothing waits. */
async function processed({ apps, lines, letters: { name: letters }, topics }: Shop, count: number, counted: number): Promise<void> {
  await expect
    .poll(() => [...lags(apps).values()].reduce((sum, { topic: name, position }) => sum + (name === lines.name ? position : 0), 0), {
      timeout: 30_000,
    })
    .toBe(count)
  const written = async (): Promise<number> => {
    let sum = 0
    for await (const _ of topics.read(topic(letters, { key: serdes.bytes, value: serdes.bytes }))) sum++
    return sum
  }
  await expect.poll(written, { timeout: 30_000 }).toBe(counted)
}

/** Settles when everything processed so far is committed: with the second commit from now, the first may be under way. */
function committed(app: KafkaStreams): Promise<void> {
  return new Promise((resolve) => {
    let commits = 0
    const off = app.on('commit', () => {
      if (++commits < 2) return
      off()
      resolve()
    })
  })
}

/** The rows of a table that a tool printed, by the names in its head. */
function table(printed: string): Record<string, string>[] {
  const [head = '', ...rows] = printed.split('\n').filter((line) => line.trim() !== '')
  const names = head.trim().split(/\s{2,}|\s(?=[A-Z#])/)
  return rows.map((row) =>
    Object.fromEntries(
      row
        .trim()
        .split(/\s+/)
        .map((cell, at) => [names[at] ?? `column ${at}`, cell]),
    ),
  )
}

const HEADERS = [
  ['trace', utf8('née')],
  ['empty', new Uint8Array(0)],
  ['trace', utf8('again')],
  ['none', null],
] as const

describeWithKafka('Kafka’s own tools', (kafka) => {
  const at = (): string[] => ['--bootstrap-server', kafka().brokers[0]!]

  /** The records of a topic as the console consumer prints them, in order of partition and offset. */
  async function printed(name: string, count: number, valueDeserializer: string): Promise<string[]> {
    const properties = [
      ...['timestamp', 'partition', 'offset', 'headers', 'key', 'value'].map((what) => `print.${what}=true`),
      'key.separator=|',
      'null.literal=NULL',
      'key.deserializer=org.apache.kafka.common.serialization.StringDeserializer',
      `value.deserializer=org.apache.kafka.common.serialization.${valueDeserializer}`,
    ].flatMap((property) => ['--formatter-property', property])
    const args = [
      '--topic',
      name,
      '--from-beginning',
      '--max-messages',
      String(count),
      '--timeout-ms',
      '30000',
      '--isolation-level',
      'read_committed',
    ]
    const out = await kafka().tool(CONSUMER, [...at(), ...args, ...properties])
    return out.trimEnd().split('\n').toSorted()
  }

  /** The same records as they read here. */
  async function told<K, V>({ topics }: Shop, from: Topic<K, V>): Promise<string[]> {
    const rows: string[] = []
    for await (const { key, value, timestamp, headers, partition, offset } of topics.read(from)) {
      const pairs = headers.map(([name, bytes]) => `${name}:${bytes === null ? 'NULL' : Buffer.from(bytes).toString()}`)
      const all = pairs.length === 0 ? 'NO_HEADERS' : pairs.join(',')
      rows.push([`CreateTime:${timestamp}`, `Partition:${partition}`, `Offset:${offset}`, all, key ?? 'NULL', value ?? 'NULL'].join('|'))
    }
    return rows.toSorted()
  }

  test('read the keys, values, times and headers that an application wrote', async () => {
    const shop = await runningShop(kafka().brokers.join(','), 'reader', 1)
    const records = Array.from({ length: 200 }, (_, n) => ({
      key: n % 50 === 0 ? null : n % 50 === 1 ? '' : `clé ${n % 30}`,
      value: n % 20 === 7 ? null : n % 20 === 8 ? 'ä😀' : `word ${n}`,
      timestamp: 1_700_000_000_000 + n * 977,
      ...(n % 3 === 0 ? { headers: HEADERS } : {}),
      partition: n % PARTITIONS,
    }))
    await shop.topics.produce(shop.lines, records)
    await processed(shop, 200, 190)
    const copies = await printed(shop.copies.name, 200, 'StringDeserializer')
    expect(copies).toEqual(await told(shop, shop.copies))
    const letters = await printed(shop.letters.name, 190, 'LongDeserializer')
    expect(letters).toEqual(await told(shop, shop.letters))
    expect(letters.filter((line) => line.endsWith('|w|180'))).toHaveLength(1)
    const stamps = copies.map((line) => Number(line.split(/[:|]/)[1]))
    expect(stamps.toSorted((a, b) => a - b)).toEqual(records.map(({ timestamp }) => timestamp))
  }, 120_000)

  test('show the members of an application and its lag', async () => {
    const shop = await runningShop(kafka().brokers.join(','), 'members', 2)
    const line = (n: number) => ({ key: `k${n}`, value: `word ${n}`, partition: n % PARTITIONS })
    await shop.topics.produce(
      shop.lines,
      Array.from({ length: 100 }, (_, n) => line(n)),
    )
    await processed(shop, 100, 100)
    await Promise.all(shop.apps.map(committed))
    for (const app of shop.apps) app.pause()
    await shop.topics.produce(
      shop.lines,
      Array.from({ length: 37 }, (_, n) => line(n)),
    )
    const waiting = (): number => [...lags(shop.apps).values()].reduce((sum, { lag }) => sum + (lag ?? 0), 0)
    await expect.poll(waiting, { timeout: 10_000 }).toBe(37)

    const group = [...at(), '--describe', '--group', 'members']
    const rows = table(await kafka().tool(GROUPS, group))
    const ours = lags(shop.apps)
    const shown = rows.map((row) => ({
      at: `${row['TOPIC']}[${row['PARTITION']}]`,
      position: Number(row['CURRENT-OFFSET']),
      end: Number(row['LOG-END-OFFSET']),
      lag: Number(row['LAG']),
    }))
    expect(shown).toHaveLength(2 * PARTITIONS)
    expect(shown.toSorted((a, b) => (a.at < b.at ? -1 : 1))).toEqual(
      [...ours].map(([where, { position, end, lag }]) => ({ at: where, position, end, lag })).toSorted((a, b) => (a.at < b.at ? -1 : 1)),
    )
    const clientOf = new Map(rows.map((row) => [`${row['TOPIC']}[${row['PARTITION']}]`, row['CLIENT-ID']]))
    for (const [n, app] of shop.apps.entries()) for (const where of lags([app]).keys()) expect(clientOf.get(where)).toBe(`members-${n}`)

    const members = table(await kafka().tool(GROUPS, [...group, '--members', '--verbose']))
    expect(members.map((row) => `${row['CLIENT-ID']} ${row['#PARTITIONS']}`).toSorted()).toEqual([
      `members-0 ${PARTITIONS}`,
      `members-1 ${PARTITIONS}`,
    ])
    const state = await kafka().tool(GROUPS, [...group, '--state'])
    expect(state).toMatch(/members\s.*millrace-eager-1\s+Stable\s+2/)
  }, 120_000)
})
