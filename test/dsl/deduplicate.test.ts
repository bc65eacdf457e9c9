import * as fc from 'fast-check'
import { expect, expectTypeOf, test } from 'vitest'
import { minutes, serdes, StreamsBuilder, topic, type KStream } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { appOn, freshBroker, processed, until } from '../runtime/app-world.ts'
import { built, refused } from '../support/shop-topics.ts'
import { untyped } from '../support/untyped.ts'

interface Event {
  readonly id: string
  readonly user: string
}

const events = topic('events', { key: serdes.string, value: serdes.json<Event>() })
const once = topic('once', { key: serdes.string, value: serdes.json<Event>() })

test.each([1, 2])('of the events of one user and id the first passes, wherever they come in, in %i partitions', (partitions) =>
  fc.assert(
    fc.property(
      fc.array(fc.record({ key: fc.constantFrom('1', '2', '3'), id: fc.constantFrom('x', 'y'), user: fc.constantFrom('ada', 'emmy') }), {
        maxLength: 20,
      }),
      (sent) => {
        const builder = new StreamsBuilder()
        builder
          .stream(events)
          .selectKey((event) => event.user, { key: serdes.string })
          .deduplicate((event) => event.id, { within: 5, grace: 100 })
          .to(once)
        using driver = new TopologyTestDriver(builder.build(), { partitions })
        const last = new Map<string, number>()
        const expected = sent.flatMap(({ key, id, user }, timestamp) => {
          driver.input(events).send({ key, value: { id, user }, timestamp })
          const passed = last.get(id + user) ?? -Infinity
          if (timestamp - passed <= 5) return []
          last.set(id + user, timestamp)
          return [`${user}=${id}@${timestamp}`]
        })
        const passed = driver.output(once).readAll()
        expect(passed.map(({ key, value, timestamp }) => `${key}=${value!.id}@${timestamp}`).toSorted()).toEqual(expected.toSorted())
      },
    ),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 50) },
  ),
)

test('a repartition stands before it only where the key was changed', () => {
  const same = built((builder) => builder.stream(events).deduplicate((event) => event.id, { within: minutes(1) }).to(once)) // prettier-ignore
  expect(same.describe()).toBe(`Topologies:
   Sub-topology: 0
    Source: KSTREAM-SOURCE-0000000000 (topics: [events])
      --> KSTREAM-DEDUPLICATE-0000000002
    Processor: KSTREAM-DEDUPLICATE-0000000002 (stores: [KSTREAM-DEDUPLICATE-STATE-STORE-0000000001])
      --> KSTREAM-SINK-0000000003
      <-- KSTREAM-SOURCE-0000000000
    Sink: KSTREAM-SINK-0000000003 (topic: once)
      <-- KSTREAM-DEDUPLICATE-0000000002

`)
  const changed = built((builder) =>
    builder
      .stream(events)
      .selectKey((event) => event.user, { key: serdes.string })
      .deduplicate((event) => event.id, { within: 1, store: 'seen', name: 'fresh' })
      .to(once),
  )
  expect(changed.repartitionTopics.map(({ name }) => name)).toEqual(['seen-repartition'])
  expect(changed.nodes.has('fresh')).toBe(true)
})

test('a restart without a disk knows from the changelog what has passed', async () => {
  const broker = freshBroker()
  broker.createTopic('events', { partitions: 2 })
  const topology = () =>
    built((builder) => builder.stream(events).deduplicate((event) => event.id, { within: minutes(1), store: 'seen' }).to(once)) // prettier-ignore
  const rounds = [
    ['x', 'y', 'x'],
    ['y', 'z', 'x', 'z'],
  ]
  let sent = 0
  for (const ids of rounds) {
    await broker.produce(
      events,
      ids.flatMap((id, i) => ['ada', 'emmy', 'kurt'].map((user) => ({ key: user, value: { id, user }, timestamp: 1_000 + sent + i }))),
    )
    sent += 3 * ids.length
    const app = appOn(broker, topology())
    await app.start()
    await until('all is processed', () => processed('events', sent, app))
    expect(await app.close()).toEqual({ clean: true })
  }
  const passed: string[] = []
  for await (const { key, value } of broker.read(once)) passed.push(`${key}=${value!.id}`)
  expect(passed.toSorted()).toEqual(['ada', 'emmy', 'kurt'].flatMap((user) => ['x', 'y', 'z'].map((id) => `${user}=${id}`)))
})

test('the store has no changelog if told so', () => {
  const topology = built((builder) =>
    builder.stream(events).deduplicate((event) => event.id, { within: 1, store: 'seen', changelog: false }).to(once),
  ) // prettier-ignore
  expect([...topology.stores.values()].map(({ name, changelog }) => [name, changelog])).toEqual([['seen', undefined]])
})

test('what it can’t do is told at build(), with what to write', () => {
  const codes = (make: (stream: KStream<string, Event>) => unknown): string[] =>
    refused((builder) => make(builder.stream(events))).mistakes.map(({ code }) => code)
  const id = (event: Event): string => event.id
  expect(codes((stream) => stream.deduplicate(id, { within: -1, name: 'n' }).to(once))).toEqual(['ARGUMENT_INVALID'])
  expect(codes((stream) => stream.deduplicate(id, untyped({})).to(once))).toContain('ARGUMENT_INVALID')
  expect(codes((stream) => stream.deduplicate(id, { within: 1, grace: 0.5 }).to(once))).toEqual(['ARGUMENT_INVALID'])
  expect(codes((stream) => stream.deduplicate(untyped('id'), { within: 1 }).to(once))).toEqual(['ARGUMENT_INVALID'])
  expect(codes((stream) => stream.selectKey(id).deduplicate(id, { within: 1 }).to(once))).toContain('SERDE_MISSING')
})

test('types: the key is there, the value is what it was, and an id is one', () => {
  const loose = topic('loose', { key: serdes.string, value: serdes.json<Event>(), nullable: 'both' })
  const stream = new StreamsBuilder().stream(loose)
  const fresh = stream.deduplicate((event, key, { timestamp }) => (event === null ? null : `${event.id} ${key} ${timestamp}`), { within: 1 }) // prettier-ignore
  expectTypeOf(fresh).toEqualTypeOf<KStream<string, Event | null>>()
  // @ts-expect-error the value may be null
  stream.deduplicate((event) => event.id, { within: 1 })
  const event = (found: Event | null): Event | null => found
  // @ts-expect-error an object is no id
  stream.deduplicate(event, { within: 1 })
  const id = (found: Event | null): string | null => found?.id ?? null
  // @ts-expect-error how near is for the caller to say
  stream.deduplicate(id, {})
  // @ts-expect-error the keys are text
  stream.deduplicate(id, { within: 1, key: serdes.long })
})
