/** Every step asks its own `onError` first: those that are made of several steps, too. */
import { expect, test } from 'vitest'
import { joinWindow, serdes, topic, tumbling, untilTimeLimit, type StepOptions, type StreamsBuilder } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { built, copies, texts } from '../support/shop-topics.ts'

const strings = { key: serdes.string, value: serdes.string }
const out = topic('out', strings)
const within = joinWindow(1_000)

/** Joins, and fails for what begins with `bad`. */
function joined(left: string, right: string | null): string {
  if (left.startsWith('bad')) throw new Error(left)
  return `${left}&${right}`
}

/** Steps whose user code fails; the right side has one row of the key. */
const steps: Record<string, (builder: StreamsBuilder, options: StepOptions) => void> = {
  'a join of streams': (builder, options) =>
    builder
      .stream(texts)
      .join(builder.stream(copies), joined, { within, ...options, ...strings })
      .to(out),
  'a left join of streams': (builder, options) =>
    builder
      .stream(texts)
      .leftJoin(builder.stream(copies), joined, { within, ...options, ...strings })
      .to(out),
  'a join of tables': (builder, options) =>
    builder.table(texts).join(builder.table(copies), joined, { ...options }).toStream().to(topic('out', { ...strings, nullable: 'value' })), // prettier-ignore
  'a foreign-key join': (builder, options) =>
    builder
      .table(texts)
      .join(builder.table(copies), joined, { foreignKey: () => 'k', ...options, ...strings })
      .toStream()
      .to(topic('out', { ...strings, nullable: 'value' })),
  'a cogroup': (builder, options) => {
    builder.stream(copies).forEach(() => undefined)
    builder
      .stream(texts)
      .groupByKey()
      .cogroup((_: string, value) => joined(value, ''))
      .windowedBy(tumbling(1_000))
      .aggregate(() => '', { ...options, ...strings })
      .toStream()
      .map((value, { key }) => [key, value ?? ''], strings)
      .to(out)
  },
}

test.each(Object.entries(steps))('%s', (_, make) => {
  const seen: string[] = []
  const own: StepOptions = {
    onError: ({ message }) => {
      seen.push(message)
      return 'skip'
    },
  }
  using driver = new TopologyTestDriver(
    built((builder) => make(builder, own)),
    { config: { onError: () => 'fail' } },
  )
  driver.input(copies).send({ key: 'k', value: 'row', timestamp: 1 })
  for (const value of ['one', 'bad', 'two']) driver.input(texts).send({ key: 'k', value, timestamp: 2 })
  expect(seen.length).toBeGreaterThan(0)
  expect(seen.every((message) => message.includes('bad'))).toBe(true)
  const told = driver.output(out).readAll().map(({ value }) => value) // prettier-ignore
  expect(told.filter((value) => !value?.startsWith('bad'))).toEqual(['one', 'two'].map((value) => expect.stringMatching(`^${value}&`)))
})

test('merge, suppress and global tables take theirs, and hand it to their steps', () => {
  const onError = () => 'skip' as const
  const topology = built((builder) => {
    builder.globalTable(topic('global', strings), { store: 'g', name: 'global', onError })
    builder.stream(texts).merge(builder.stream(copies), { name: 'merged', onError }).to(out)
    builder.table(topic('rows', strings), { store: 'r' }).suppress(untilTimeLimit(1), { name: 'held', onError }).toStream().to(topic('o', { ...strings, nullable: 'value' })) // prettier-ignore
  })
  for (const node of ['global', 'merged', 'held']) expect(topology.onErrorOf(node)).toBe(onError)
})
