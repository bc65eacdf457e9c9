/** What the tests of the memory cluster share: a clock that moves by hand, clusters on it, batches as producers write them, and one-line requests. */
import { decodeText, utf8 } from '../../src/base/text.ts'
import type { Clock } from '../../src/base/clock.ts'
import { seeded } from '../../src/base/random.ts'
import { MemoryCluster, type MemoryClusterOptions } from '../../src/memory/cluster.ts'
import type { LoggedRecord } from '../../src/memory/records.ts'
import type { Api } from '../../src/wire/api/api.ts'
import { FETCH, type FetchedPartition, type FetchPartition, type FetchRequest } from '../../src/wire/api/fetch.ts'
import { PRODUCE, type ProducedPartition } from '../../src/wire/api/produce.ts'
import type { Codec } from '../../src/wire/compression.ts'
import { BatchWriter } from '../../src/wire/batch-writer.ts'

/** When manual clocks begin, in ms since the epoch. */
export const START = 1_700_000_000_000

/** A clock that stands still until it is moved. */
export interface ManualClock extends Clock {
  /** Moves on by so many ms: timers run when they are due, and what they set off runs before the next one. */
  advance(ms: number): Promise<void>
  /** How many timers are set. */
  pending(): number
}

export function manualClock(): ManualClock {
  let time = 0
  let order = 0
  const timers = new Set<{ readonly at: number; readonly order: number; readonly f: () => void }>()
  return {
    now: () => START + time,
    monotonic: () => time,
    after: (ms, f) => {
      const timer = { at: time + ms, order: order++, f }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    pending: () => timers.size,
    advance: async (ms) => {
      const target = time + ms
      await settled()
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= target).sort((a, b) => a.at - b.at || a.order - b.order)
        if (next === undefined) break
        timers.delete(next)
        time = Math.max(time, next.at)
        next.f()
        await settled()
      }
      time = target
    },
  }
}

/** Lets everything happen that needs no time. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** A cluster on a manual clock. */
export interface World {
  readonly clock: ManualClock
  readonly cluster: MemoryCluster
  /** Sends a request on a lane of its own. */
  readonly ask: <Q, R>(api: Api<Q, R>, request: Q, node?: number) => Promise<R>
  /** Produces one batch to one partition. */
  readonly produce: (
    topic: string,
    batch: Uint8Array,
    options?: { readonly partition?: number; readonly node?: number },
  ) => Promise<ProducedPartition>
  /** Fetches one partition without waiting. */
  readonly fetch: (
    topic: string,
    fetchOffset: number,
    options?: Partial<FetchPartition & FetchRequest> & { readonly node?: number },
  ) => Promise<FetchedPartition>
}

export function makeWorld(options: Partial<MemoryClusterOptions> = {}): World {
  const clock = manualClock()
  const cluster = new MemoryCluster({ clock, random: seeded(1), ...options })
  const ask = async <Q, R>(api: Api<Q, R>, request: Q, node = 1): Promise<R> =>
    (await cluster.lane({ host: 'memory', port: node }, 'call')).request(api, request)
  return {
    clock,
    cluster,
    ask,
    produce: async (topic, records, { partition = 0, node = 1 } = {}) => {
      const topics = [{ topic, partitions: [{ partition, records }] }]
      return (await ask(PRODUCE, { transactionalId: null, acks: -1, timeoutMs: 1000, topics }, node)).topics[0]!.partitions[0]!
    },
    fetch: async (topic, fetchOffset, { node = 1, ...more } = {}) =>
      (await ask(FETCH, fetchRequest(topic, fetchOffset, more), node)).topics[0]!.partitions[0]!,
  }
}

/** A fetch of one partition that doesn't wait. */
export function fetchRequest(topic: string, fetchOffset: number, more: Partial<FetchPartition & FetchRequest> = {}): FetchRequest {
  const { partition = 0, currentLeaderEpoch = -1, maxBytes = 1_000_000, ...request } = more
  const partitions = [{ partition, currentLeaderEpoch, fetchOffset, maxBytes }]
  return { maxWaitMs: 0, minBytes: 1, maxBytes: 1_000_000, isolation: 'read_uncommitted', topics: [{ topic, partitions }], ...request }
}

/** How a test batch is made. */
export interface BatchOptions {
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly codec?: Codec
  readonly transactional?: boolean
  readonly control?: boolean
}

/** Records as texts: key, value and, if it matters, timestamp. */
export type TextRecord = readonly [key: string | null, value: string | null, timestamp?: number]

/** A batch of records as a producer writes it. */
export function batchOf(records: readonly TextRecord[], options: BatchOptions = {}): Uint8Array {
  const writer = new BatchWriter({ initialBytes: 256 })
  for (const [key, value, timestamp = START] of records)
    writer.append(key === null ? null : utf8(key), value === null ? null : utf8(value), timestamp, undefined)
  return writer.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1, ...options })
}

/** A batch of `count` records `v0`, `v1`… */
export function numbered(count: number, options: BatchOptions = {}): Uint8Array {
  return batchOf(
    Array.from({ length: count }, (_, i) => [`k${i}`, `v${i}`] as const),
    options,
  )
}

/** A batch of an idempotent producer. */
export function sequenced(baseSequence: number, count = 1, producer: { readonly id?: number; readonly epoch?: number } = {}): Uint8Array {
  return numbered(count, { producerId: producer.id ?? 7, producerEpoch: producer.epoch ?? 0, baseSequence })
}

/** Records as `offset key=value`, which is easy to compare. */
export function shown(records: readonly LoggedRecord[]): string[] {
  const text = (bytes: Uint8Array | null): string => (bytes === null ? 'null' : decodeText(bytes, 0, bytes.length))
  return records.map(({ offset, key, value }) => `${offset} ${text(key)}=${text(value)}`)
}
