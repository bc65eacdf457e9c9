/** What the client's tests share: a memory cluster on a manual clock, the client's view of it, and promises that are waited for by moving the clock. */
import { utf8 } from '../../src/base/text.ts'
import { seeded } from '../../src/base/random.ts'
import { Cluster } from '../../src/kafka/cluster.ts'
import { Fetcher, type FetchedChunk } from '../../src/kafka/fetcher.ts'
import { Producer, type ProducerOptions } from '../../src/kafka/producer.ts'
import type { LaneKind, RequestOptions, Transport } from '../../src/kafka/lane.ts'
import type { FetchRequest } from '../../src/wire/api/fetch.ts'
import type { Api } from '../../src/wire/api/api.ts'
import type { MemoryClusterOptions } from '../../src/memory/cluster.ts'
import { readAll } from '../wire/reading.ts'
import { makeWorld, settled, type ManualClock, type World } from '../memory/world.ts'

/** A request that the client sent. */
export interface Sent {
  readonly api: Api<never, unknown>
  readonly request: unknown
  readonly node: number
  readonly kind: LaneKind
  /** True when the answer came, or the lane was closed. */
  settled: boolean
}

/** What goes over the client's lanes, in order, and a switch that exchanges answers. */
export interface Wire {
  readonly sent: Sent[]
  change: ((api: Api<never, unknown>, answer: unknown, request: unknown) => unknown) | undefined
}

/** A cluster and a client on one clock. */
export interface ClientWorld extends World {
  readonly wire: Wire
  readonly client: Cluster
  /** Moves the clock until the promise settles. */
  readonly drive: <T>(promise: Promise<T>) => Promise<T>
  readonly producer: (options?: Partial<ProducerOptions>) => Promise<Producer>
  readonly fetcher: (outOfRange?: (position: number, partedAt?: number) => number, isolation?: FetchRequest['isolation']) => Fetcher
}

export function clientWorld(options: Partial<MemoryClusterOptions> = {}): ClientWorld {
  const world = makeWorld({ checkCrc: false, ...options })
  const ports = { clock: world.clock, random: seeded(2) }
  const wire: Wire = { sent: [], change: undefined }
  const client = new Cluster({ ...ports, transport: wired(world.cluster, wire), retryMs: 60_000 })
  const drive = <T>(promise: Promise<T>): Promise<T> => driven(world.clock, promise)
  return {
    ...world,
    wire,
    client,
    drive,
    producer: async (more = {}) => {
      const producer = new Producer({
        ...ports,
        cluster: client,
        batchSize: 10_000,
        lingerMs: 0,
        codec: 'none',
        bufferBytes: 1_000_000,
        requestTimeoutMs: 1_000,
        ...more,
      })
      await drive(producer.init())
      return producer
    },
    fetcher: (outOfRange = () => 0, isolation = 'read_uncommitted') =>
      new Fetcher({
        ...ports,
        cluster: client,
        kind: 'fetch:test',
        maxBytes: 1_000_000,
        maxPartitionBytes: 100_000,
        isolation,
        outOfRange: (_tp, position, partedAt) => Promise.resolve(outOfRange(position, partedAt)),
      }),
  }
}

/** A transport that tells of what goes over it. */
function wired(transport: Transport, wire: Wire): Transport {
  return {
    seeds: () => transport.seeds(),
    close: () => transport.close(),
    lane: async (to, kind) => {
      const lane = await transport.lane(to, kind)
      const request = async <Q, R>(api: Api<Q, R>, asked: Q, options?: RequestOptions): Promise<R> => {
        const sent: Sent = { api, request: asked, node: lane.node, kind, settled: false }
        wire.sent.push(sent)
        try {
          const answer = await lane.request(api, asked, options)
          return wire.change === undefined ? answer : (wire.change(api, answer, asked) as R)
        } finally {
          sent.settled = true
        }
      }
      return { node: lane.node, request, onClose: (f) => lane.onClose(f), close: () => lane.close() }
    },
  }
}

/** Moves a clock, ten milliseconds at a time, until a promise settles; for at most ten minutes of it. */
export async function driven<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  const ended = new AbortController()
  const done = promise.finally(() => ended.abort())
  done.catch(() => undefined)
  await settled()
  for (let ms = 0; !ended.signal.aborted && ms < 600_000; ms += 10) await clock.advance(10)
  return done
}

/** Appends texts through a producer; keys are null. */
export function write(producer: Producer, topic: string, values: readonly string[], partition = 0): void {
  const writer = producer.writer({ topic, partition }, { count: 0 })
  for (const value of values) writer.append(null, utf8(value), 0, undefined)
}

/** The texts of chunks from an offset on, releasing them. */
export function texts(chunks: readonly FetchedChunk[], from = 0): string[] {
  return chunks.flatMap((chunk) => {
    const found = readAll(chunk.buffer.subarray(chunk.from, chunk.to))
      .filter(({ offset }) => offset >= from)
      .map(({ value }) => Buffer.from(value ?? []).toString())
    chunk.release()
    return found
  })
}
