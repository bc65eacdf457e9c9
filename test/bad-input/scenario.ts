/**
 * A bad record among good ones, on the in-process broker: the application must fail at it with one error, in an orderly way, having committed nothing
 * behind it; the next one, for which it is no longer bad, must bring out everything that was good, in order.
 */
import { expect } from 'vitest'
import {
  serdes,
  topic,
  type ErrorDecision,
  type KafkaStreamsOptions,
  type MemoryBroker,
  type StreamsError,
  type Topic,
  type Topology,
} from '../../src/index.ts'
import { Cluster } from '../../src/kafka/cluster.ts'
import { GroupOffsets } from '../../src/kafka/offsets.ts'
import type { MemoryCluster } from '../../src/memory/cluster.ts'
import { defaultClock, defaultRandom } from '../../src/runtime/defaults.ts'
import { openMemoryBroker } from '../../src/runtime/memory-broker.ts'
import { appOn, freshBroker, until } from '../runtime/app-world.ts'

const ports = { clock: defaultClock, random: defaultRandom }

/** What is written: keys `k0`, `k1`, …, and the bad one, in bytes. */
export const entries: Topic<string, Uint8Array | null> = topic('entries', { key: serdes.string, value: serdes.bytes, nullable: 'value' })
/** The same topic as most topologies read it. */
export const entryTexts: Topic<string, string> = topic('entries', { key: serdes.string, value: serdes.string })
/** Where topologies write, one record for each good one, with its key. */
export const results: Topic<string, Uint8Array | null> = topic('results', { key: serdes.string, value: serdes.bytes, nullable: 'value' })
/** The same topic for texts. */
export const resultTexts: Topic<string, string> = topic('results', { key: serdes.string, value: serdes.string })

/** The offset of the bad record in `entries`. */
export const BAD = 4

/** One bad record and what it meets. */
export interface Poison {
  readonly topology: Topology
  /** For whom the bad record is no longer bad; the same topology, skipping it, when left out. */
  readonly healed?: Topology
  readonly options?: Partial<KafkaStreamsOptions>
  /** Value of the nth good record; `value n` as text when left out. */
  readonly good?: (n: number) => Uint8Array | null
  /** Writes the bad record; text `bad` under the key `bad` when left out. */
  readonly bad?: Uint8Array | null | ((broker: MemoryBroker, cluster: MemoryCluster) => void | Promise<void>)
  /** What to do before the healed one starts. */
  readonly repair?: (cluster: MemoryCluster) => void | Promise<void>
  readonly partitions?: number
}

/** Runs it; answers the error that the application failed with. */
export async function failsOnce(poison: Poison): Promise<StreamsError> {
  const broker = freshBroker()
  const { cluster } = openMemoryBroker(broker.name, ports)
  const {
    topology,
    good = (n): Uint8Array | null => new TextEncoder().encode(`value ${n}`),
    bad = new TextEncoder().encode('bad'),
  } = poison
  const write = (...numbers: number[]): Promise<void> =>
    broker.produce(
      entries,
      numbers.map((n) => ({ key: `k${n}`, value: good(n) })),
    )
  await write(0, 1, 2)
  const app = appOn(broker, topology, poison.options)
  const errors: StreamsError[] = []
  app.on('error', ({ error }) => errors.push(error))
  await app.start()
  await until('the good ones are committed', async () => (await committed(cluster, 'entries')) === 3)
  await write(3)
  if (typeof bad === 'function') await bad(broker, cluster)
  else await broker.produce(entries, { key: 'bad', value: bad })
  await write(5, 6)
  await until('it fails', () => app.state === 'ERROR')
  expect(errors).toHaveLength(1)
  expect(await app.close()).toEqual({ clean: false, error: errors[0] })
  const position = await committed(cluster, 'entries')
  expect(position).toBeGreaterThanOrEqual(3)
  expect(position).toBeLessThanOrEqual(BAD)
  expect((await keysOf(broker)).filter((key) => key === 'k5' || key === 'k6')).toEqual([])
  await heals(poison, broker, cluster)
  return errors[0]!
}

async function heals({ topology, healed, options, repair }: Poison, broker: MemoryBroker, cluster: MemoryCluster): Promise<void> {
  await repair?.(cluster)
  const next = appOn(broker, healed ?? topology, { ...options, ...(healed === undefined ? { onError: (): ErrorDecision => 'skip' } : {}) })
  await next.start()
  await until('all is committed', async () => (await committed(cluster, 'entries')) === 7)
  expect(next.state).toBe('RUNNING')
  expect(await next.close()).toEqual({ clean: true })
  const keys = [...new Set(await keysOf(broker))].filter((key) => key !== 'bad')
  expect(keys).toEqual(['k0', 'k1', 'k2', 'k3', 'k5', 'k6'])
}

/** Keys of `results`, as they were written. */
export async function keysOf(broker: MemoryBroker): Promise<readonly (string | null)[]> {
  const keys: (string | null)[] = []
  for await (const { key } of broker.read(results)) keys.push(key)
  return keys
}

/** The committed position of partition 0; undefined: none. */
export async function committed(cluster: MemoryCluster, name: string, group = 'app'): Promise<number | undefined> {
  const client = new Cluster({ ...ports, transport: cluster, retryMs: 10_000 })
  const [found] = await new GroupOffsets(client).committed(group, [{ topic: name, partition: 0 }])
  return found?.offset
}

/** What an error of the record path must tell: where it was, and the user's own line first. */
export function tellsWhere(error: StreamsError, node: string): void {
  expect(error.context).toMatchObject({ taskId: '0_0', node, topic: 'entries', partition: 0, offset: BAD })
  expect(error.message).toContain(`step ${node} failed at entries[0]@${BAD}: `)
}

/** True where the first line of a stack is in a test, which is where the user's code is. */
export function isUsersFirst({ stack = '' }: StreamsError): boolean {
  return /^(?:\s+at [^\n]*<anonymous>\)\n)?\s+at .*\.test\.ts/.test(stack.slice(stack.indexOf('\n    at ') + 1))
}
