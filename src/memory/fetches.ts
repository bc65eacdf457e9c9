/**
 * Answers fetches: views of whole batches, from the one that holds the offset on. A fetch that finds too little is parked until enough was appended,
 * its wait is over, or something about its partitions changed; whatever changes a log says so (`changed`), and each parked fetch that reads the
 * topic looks again, so nothing is polled.
 */
import type { Clock } from '../base/clock.ts'
import type { FetchedPartition, FetchPartition, FetchRequest, FetchResponse } from '../wire/api/fetch.ts'
import { readHeader } from '../wire/batch-reader.ts'
import { CODE } from './codes.ts'
import type { MemoryTopics } from './topics.ts'

/** What fetches run on. */
export interface FetchOptions {
  readonly clock: Clock
  /** True: answers end within a batch when that uses up the limit, as brokers do. */
  readonly cutBatches: boolean
}

interface Parked {
  readonly request: FetchRequest
  readonly node: number
  readonly topics: ReadonlySet<string>
  readonly answer: () => void
}

/** Who reads what of a topic. */
interface Reader {
  readonly topic: string
  readonly node: number
  readonly isolation: FetchRequest['isolation']
}

/** Bytes that may still go into an answer. */
interface Budget {
  left: number
  /** True until a partition has given something: the first batch goes in even when it is larger than the limit. */
  empty: boolean
}

/** Answers fetches. */
export class Fetches {
  readonly #topics: MemoryTopics
  readonly #options: FetchOptions
  readonly #parked: Set<Parked> = new Set()

  constructor(topics: MemoryTopics, options: FetchOptions) {
    this.#topics = topics
    this.#options = options
  }

  /** Fetch; answers at once when there is enough. */
  fetch(request: FetchRequest, node: number): FetchResponse | Promise<FetchResponse> {
    if (request.maxWaitMs <= 0 || this.#isReady(request, node)) return this.#answer(request, node)
    return new Promise((resolve) => {
      const parked: Parked = {
        request,
        node,
        topics: new Set(request.topics.map(({ topic }) => topic)),
        answer: () => {
          this.#parked.delete(parked)
          cancel()
          resolve(this.#answer(request, node))
        },
      }
      const cancel = this.#options.clock.after(request.maxWaitMs, parked.answer)
      this.#parked.add(parked)
    })
  }

  /** Something about a topic changed: parked fetches that read it look again. */
  changed(topic: string): void {
    for (const parked of this.#parked) if (parked.topics.has(topic) && this.#isReady(parked.request, parked.node)) parked.answer()
  }

  /** Answers all that is parked. */
  close(): void {
    for (const parked of this.#parked) parked.answer()
  }

  #isReady({ topics, minBytes, maxBytes, isolation }: FetchRequest, node: number): boolean {
    const wanted = Math.min(minBytes, maxBytes)
    let bytes = 0
    for (const { topic, partitions } of topics) {
      for (const asked of partitions) {
        const found = this.#topics.led(topic, asked.partition, node)
        if (typeof found === 'number' || found.epochError(asked.currentLeaderEpoch) !== CODE.NONE) return true
        const { log } = found
        if (asked.fetchOffset < log.startOffset || asked.fetchOffset > log.endOffset) return true
        bytes += Math.min(asked.maxBytes, log.bytesBetween(asked.fetchOffset, found.endFor(isolation)))
        if (bytes >= wanted) return true
      }
    }
    return topics.length === 0
  }

  #answer({ topics, maxBytes, isolation }: FetchRequest, node: number): FetchResponse {
    const budget: Budget = { left: maxBytes, empty: true }
    const answers = topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map((asked) => this.#read({ topic, node, isolation }, asked, budget)),
    }))
    return { throttleTimeMs: 0, errorCode: CODE.NONE, topics: answers }
  }

  #read({ topic, node, isolation }: Reader, asked: FetchPartition, budget: Budget): FetchedPartition {
    const { partition, currentLeaderEpoch, fetchOffset, maxBytes } = asked
    const found = this.#topics.led(topic, partition, node)
    if (typeof found === 'number') return failed(partition, found)
    const epochError = found.epochError(currentLeaderEpoch)
    if (epochError !== CODE.NONE) return failed(partition, epochError)
    const { log, highWatermark, lastStableOffset } = found
    if (fetchOffset < log.startOffset || fetchOffset > log.endOffset) return failed(partition, CODE.OFFSET_OUT_OF_RANGE)
    const cut = this.#options.cutBatches
    const records = log.read(fetchOffset, Math.max(0, Math.min(maxBytes, budget.left)), {
      before: found.endFor(isolation),
      atLeastOne: budget.empty,
      cut,
    })
    budget.left -= records.length
    budget.empty &&= records.length === 0
    const aborted = isolation === 'read_committed' && records.length > 0 ? found.transactions.abortedIn(fetchOffset, endOf(records)) : []
    return { partition, errorCode: CODE.NONE, highWatermark, lastStableOffset, logStartOffset: log.startOffset, aborted, records }
  }
}

/** The offset behind the last whole batch. */
function endOf(records: Uint8Array): number {
  let nextOffset = 0
  for (
    let at = 0, header = readHeader(records, at, records.length);
    header !== undefined;
    header = readHeader(records, at, records.length)
  ) {
    at += header.length
    ;({ nextOffset } = header)
  }
  return nextOffset
}

const NOTHING = new Uint8Array(0)

function failed(partition: number, errorCode: number): FetchedPartition {
  return { partition, errorCode, highWatermark: -1, lastStableOffset: -1, logStartOffset: -1, aborted: [], records: NOTHING }
}
