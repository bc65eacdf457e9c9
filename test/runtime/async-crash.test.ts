/** Applications whose step waits for promises and fails in their midst: nothing is lost, and no position is committed past a record that isn't done. */
import { expect, test } from 'vitest'
import { serdes, topic, type AsyncOrder, type KafkaStreams, type MemoryBroker, type Topology } from '../../src/index.ts'
import { seeded, type Random } from '../../src/base/random.ts'
import { Cluster } from '../../src/kafka/cluster.ts'
import { GroupOffsets } from '../../src/kafka/offsets.ts'
import { defaultClock, defaultRandom } from '../../src/runtime/defaults.ts'
import { openMemoryBroker } from '../../src/runtime/memory-broker.ts'
import { built } from '../support/shop-topics.ts'
import { appOn, freshBroker, until } from './app-world.ts'

const ports = { clock: defaultClock, random: defaultRandom }
const PARTITIONS = 2
const RECORDS = 150

const entries = topic('entries', { key: serdes.string, value: serdes.integer })
const passed = topic('passed', { key: serdes.string, value: serdes.integer })
const sums = topic('sums', { key: serdes.string, value: serdes.long })

/** A service that answers in any order, and fails for good now and then: then the application ends without a commit. */
function service(random: Random, failures: number): (value: number) => Promise<number> {
  let left = failures
  return async (value) => {
    await new Promise((resolve) => setTimeout(resolve, random.next() * 12))
    if (left > 0 && random.next() < 0.02) {
      left--
      throw new Error('gone')
    }
    return value
  }
}

function topologyOf(ask: (value: number) => Promise<number>, order: AsyncOrder, summed: boolean): Topology {
  return built((builder) => {
    const asked = builder.stream(entries).mapValuesAsync(ask, { order, concurrency: 8, maxParked: 12, value: serdes.integer })
    asked.to(passed)
    if (summed)
      asked
        .groupByKey()
        .aggregate(
          () => 0,
          (sum, value) => sum + value,
          { store: 'sums', value: serdes.long },
        )
        .toStream()
        .to(sums)
  })
}

/** Checks, at any time: what lies below a committed position has come out. Offsets are values here, one partition's after the other's. */
async function checkCommitted(broker: MemoryBroker): Promise<number> {
  const client = new Cluster({ ...ports, transport: openMemoryBroker(broker.name, ports).cluster, retryMs: 10_000 })
  const tps = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: entries.name, partition }))
  const positions = await new GroupOffsets(client).committed('app', tps)
  const out = new Set<number>()
  for await (const { value } of broker.read(passed)) out.add(Number(value))
  let sum = 0
  for (const { tp, offset } of positions) {
    sum += offset
    for (let n = 0; n < offset; n++) expect(out.has(tp.partition * RECORDS + n), `entries[${tp.partition}]@${n} is committed`).toBe(true)
  }
  return sum
}

test.each([
  ['key', true, 11],
  ['key', false, 12],
  ['input', true, 13],
  ['none', false, 14],
  ['none', true, 15],
] as const)('order %s, stores: %s, seed %i', { timeout: 60_000 }, async (order, summed, seed) => {
  const random = seeded(seed)
  const ask = service(random, 4)
  const broker = freshBroker()
  for (const { name } of [entries, passed, sums]) broker.createTopic(name, { partitions: PARTITIONS })
  const topology = topologyOf(ask, order, summed)
  const run: { app: KafkaStreams | undefined; failures: number } = { app: undefined, failures: 0 }
  const keyOf = (partition: number, n: number): string => `k${partition}${(n * 7) % 5}`
  for (let partition = 0; partition < PARTITIONS; partition++)
    await broker.produce(
      entries,
      Array.from({ length: RECORDS }, (_, n) => ({ key: keyOf(partition, n), value: partition * RECORDS + n, partition })),
    )
  await until(
    'all is committed',
    async () => {
      if (run.app === undefined || run.app.state === 'ERROR') {
        if (run.app !== undefined) run.failures++
        run.app = appOn(broker, topology, { commitIntervalMs: 15 })
        await run.app.start().catch(() => undefined)
      }
      return (await checkCommitted(broker)) === PARTITIONS * RECORDS
    },
    45_000,
  )
  expect(run.failures).toBeGreaterThan(0)
  expect(await run.app?.close()).toEqual({ clean: true })
  const expected = new Map<string, number>()
  for (let partition = 0; partition < PARTITIONS; partition++)
    for (let n = 0; n < RECORDS; n++) {
      const key = keyOf(partition, n)
      expected.set(key, (expected.get(key) ?? 0) + partition * RECORDS + n)
    }
  if (order !== 'none') await checkOrder(broker)
  if (!summed) return
  const found = new Map<string, number>()
  for await (const { key, value } of broker.read(sums)) found.set(String(key), Number(value))
  // Each failure was before a commit: what is repeated is not in the stores yet.
  expect(found).toEqual(expected)
})

/** Of each key, what comes out rises, but where it begins anew at an earlier record after a failure: each comes out first in order. */
async function checkOrder(broker: MemoryBroker): Promise<void> {
  const firsts = new Map<string, number[]>()
  const seen = new Set<number>()
  for await (const { key, value: passedOn } of broker.read(passed)) {
    const value = Number(passedOn)
    if (seen.has(value)) continue
    seen.add(value)
    firsts.set(String(key), [...(firsts.get(String(key)) ?? []), value])
  }
  expect(seen.size).toBe(PARTITIONS * RECORDS)
  for (const values of firsts.values()) expect(values).toEqual([...values].sort((a, b) => a - b))
}
