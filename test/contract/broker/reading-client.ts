/** Reads a broker under test with the client's own fetcher, as an application does, and makes objects of what it gives. */
import { Cluster } from '../../../src/kafka/cluster.ts'
import { Fetcher, type FetchedChunk, type FetcherOptions } from '../../../src/kafka/fetcher.ts'
import { GroupOffsets } from '../../../src/kafka/offsets.ts'
import { defaultClock as clock, defaultRandom as random } from '../../../src/runtime/defaults.ts'
import type { Lane, RequestOptions, Transport } from '../../../src/kafka/lane.ts'
import type { Api } from '../../../src/wire/api/api.ts'
import type { NaiveRecord } from '../../wire/naive-batch.ts'
import { readAll } from '../../wire/reading.ts'
import type { BrokerUnderTest } from './broker-client.ts'

/** How a partition is read. */
export interface Reading extends Partial<Pick<FetcherOptions, 'isolation' | 'maxPartitionBytes' | 'outOfRange'>> {
  readonly from?: number
}

/** Sees a request, and may close the lane that carries it. */
export type RequestHook = (api: Api<never, unknown>, request: unknown, lane: Lane) => void

/** A client of a broker, and its fetchers. */
export class ReadingClient {
  readonly cluster: Cluster
  readonly offsets: GroupOffsets
  #fetchers = 0

  /** `hook` sees each request before it is sent. */
  constructor({ transport }: BrokerUnderTest, hook?: RequestHook) {
    this.cluster = new Cluster({ clock, random, transport: hook === undefined ? transport : hooked(transport, hook), retryMs: 60_000 })
    this.offsets = new GroupOffsets(this.cluster)
  }

  /** A fetcher that knows the leaders of a topic. */
  async fetcher(topic: string, options: Reading = {}): Promise<Fetcher> {
    await this.cluster.byLeader([{ tp: { topic, partition: 0 } }])
    const outOfRange = (): Promise<number> => Promise.reject(new Error('out of range'))
    const kind = `fetch:test-${this.#fetchers++}` as const
    return new Fetcher({
      cluster: this.cluster,
      clock,
      random,
      kind,
      maxBytes: 1 << 24,
      maxPartitionBytes: 1 << 20,
      outOfRange,
      ...options,
    })
  }

  /** All records of a topic's only partition from an offset to its end. */
  async read(topic: string, options: Reading = {}): Promise<NaiveRecord[]> {
    const tp = { topic, partition: 0 }
    const { from = 0, ...more } = options
    const fetcher = await this.fetcher(topic, more)
    fetcher.assign([{ tp, offset: from }])
    const found: NaiveRecord[] = []
    while (!fetcher.caughtUp(tp)) found.push(...recordsOf(await fetcher.poll({ timeoutMs: 100 }), from))
    fetcher.close()
    return found
  }

  async close(): Promise<void> {
    await this.cluster.close()
  }
}

/** The records of chunks from an offset on; the chunks are released. */
export function recordsOf(chunks: readonly FetchedChunk[], from = 0): NaiveRecord[] {
  return chunks.flatMap((chunk) => {
    const records = readAll(chunk.buffer.subarray(chunk.from, chunk.to)).filter(({ offset }) => offset >= from)
    chunk.release()
    return records
  })
}

function hooked(transport: Transport, hook: RequestHook): Transport {
  return {
    seeds: () => transport.seeds(),
    close: () => transport.close(),
    lane: async (to, kind) => {
      const lane = await transport.lane(to, kind)
      const request = <Q, R>(api: Api<Q, R>, asked: Q, options?: RequestOptions): Promise<R> => {
        hook(api, asked, lane)
        return lane.request(api, asked, options)
      }
      return { node: lane.node, request, onClose: (f) => lane.onClose(f), close: () => lane.close() }
    },
  }
}
