/**
 * Reads partitions. For each broker two fetches may be under way: one for partitions that have more, one that waits at the end of those that are
 * caught up, so that waiting never holds back what is there. The next one leaves as soon as an answer's batch headers have told the next positions,
 * before anything is decoded. A partition with two chunks that nobody has used up is left out: not asking is the back-pressure.
 */
import { ClusterError } from '../base/errors.ts'
import { partitionKey, type TopicPartition } from '../model/topic.ts'
import { FETCH, type FetchedPartition, type FetchRequest } from '../wire/api/fetch.ts'
import { wireError } from '../wire/error-table.ts'
import { backoffMs, Pauses, type BackoffPorts } from './backoff.ts'
import { brokerError, isDoubtful } from './broker-error.ts'
import type { Cluster, Leader } from './cluster.ts'
import { wholeBatches } from './committed-filter.ts'
import { isAtEnd, mayRead, moveTo, once, readingFrom, type Reading } from './reading.ts'
import { partedAt } from './truncation.ts'

/** Whole batches of one partition: `buffer[from, to)`. `release` gives the buffer back. */
export interface FetchedChunk {
  readonly tp: TopicPartition
  readonly buffer: Uint8Array
  readonly from: number
  readonly to: number
  /** Where reading begins in it. Lower than where the chunk before ended: reading went back, because the log is another one. */
  readonly startOffset: number
  release(): void
}

/** How a fetcher reads. */
export interface FetcherOptions extends BackoffPorts {
  readonly cluster: Cluster
  readonly kind: `fetch:${string}`
  readonly maxBytes: number
  readonly maxPartitionBytes: number
  /** `read_committed`: nothing of open or aborted transactions is handed out, and the end is where the first open one begins. All is, when not given. */
  readonly isolation?: FetchRequest['isolation']
  /** Asked where to go on when a position is not in the log any more; answers the offset. `partedAt`: a new leader's log is another from there on. */
  outOfRange(tp: TopicPartition, position: number, partedAt?: number): Promise<number>
}

/** What a broker is asked for in one request. */
interface Fetch {
  readonly node: number
  /** `behind`: partitions that have more; `end`: partitions that are caught up. */
  readonly part: 'behind' | 'end'
  readonly readings: Reading[]
}

/** How long a fetch waits at the end of all of a broker's partitions, and of some: the others may be caught up by then. */
const WAIT_MS = 500
const SHORT_WAIT_MS = 50
const ENOUGH_BYTES = 1
/** How often a partition is asked for again that was refused without a reason that passes. */
const FEW_REPEATS = 3
/** How long a partition that is refused is asked for again at least, in ms: leaders change, and new topics take their time. */
const PATIENCE_MS = 60_000

/** Reads partitions from positions on. */
export class Fetcher {
  readonly #options: FetcherOptions
  readonly #readings: Map<string, Reading> = new Map()
  readonly #ready: FetchedChunk[] = []
  /** Fetches under way, as `node part`. */
  readonly #busy: Set<string> = new Set()
  /** Fetches that failed one after another, by broker. */
  readonly #failures: Map<number, number> = new Map()
  readonly #pauses: Pauses
  #wake: (() => void) | undefined = undefined
  #failure: Error | undefined = undefined
  #refreshing: Promise<void> | undefined = undefined
  #closed = false

  constructor(options: FetcherOptions) {
    this.#options = options
    this.#pauses = new Pauses(options.clock)
  }

  /** Reads exactly these partitions from now on; those it read before go on where they are. */
  assign(partitions: readonly { readonly tp: TopicPartition; readonly offset: number }[]): void {
    const wanted = new Set(partitions.map(({ tp }) => partitionKey(tp)))
    for (const key of this.#readings.keys()) if (!wanted.has(key)) this.#readings.delete(key)
    this.#dropReady((tp) => !this.#readings.has(partitionKey(tp)))
    for (const { tp, offset } of partitions) {
      if (!this.#readings.has(partitionKey(tp))) this.#readings.set(partitionKey(tp), readingFrom(tp, offset, this.#options.isolation))
    }
    this.#pump()
  }

  /** What has been read; waits at most so long when there is nothing. Rejects with what stopped the reading. */
  async poll({ timeoutMs }: { readonly timeoutMs: number }): Promise<readonly FetchedChunk[]> {
    if (this.#ready.length === 0 && timeoutMs > 0 && this.#failure === undefined) await this.#patience(timeoutMs)
    if (this.#failure !== undefined) {
      const failure = this.#failure
      this.#failure = undefined
      throw failure
    }
    return this.#ready.splice(0)
  }

  /** Lets a poll that waits answer at once with what there is. */
  interrupt(): void {
    this.#wake?.()
  }

  /** Leaves a partition out until `resume`. */
  pause(tp: TopicPartition): void {
    const reading = this.#readings.get(partitionKey(tp))
    if (reading !== undefined) reading.paused = true
  }

  /** Reads a paused partition again. */
  resume(tp: TopicPartition): void {
    const reading = this.#readings.get(partitionKey(tp))
    if (reading === undefined) return
    reading.paused = false
    this.#pump()
  }

  /** The next offset to hand out: all before it has been. −1: the partition isn't read. */
  position(tp: TopicPartition): number {
    const reading = this.#readings.get(partitionKey(tp))
    if (reading === undefined) return -1
    return this.#isReady(tp) ? reading.handedOut : reading.position
  }

  /** One behind the last readable record, as the last answer told; undefined: not known yet. */
  end(tp: TopicPartition): number | undefined {
    const reading = this.#readings.get(partitionKey(tp))
    return reading === undefined || reading.end < 0 ? undefined : reading.end
  }

  /** How many offsets are behind the position; undefined: not known yet. */
  lag(tp: TopicPartition): number | undefined {
    const reading = this.#readings.get(partitionKey(tp))
    return reading === undefined || reading.end < 0 ? undefined : Math.max(0, reading.end - reading.position)
  }

  /** True when all that was in the partition at the last answer has been handed out. */
  caughtUp(tp: TopicPartition): boolean {
    return this.lag(tp) === 0 && !this.#isReady(tp)
  }

  /** When that was so at the latest, in ms of the monotonic clock: as the last answer was asked for. Undefined: it isn't. */
  emptyAt(tp: TopicPartition): number | undefined {
    return this.caughtUp(tp) ? this.#readings.get(partitionKey(tp))?.askedAt : undefined
  }

  close(): void {
    this.#closed = true
    this.#pauses.end()
    this.#readings.clear()
    this.#dropReady(() => true)
    this.#wake?.()
  }

  /** True when something of the partition waits to be handed out. */
  #isReady({ topic, partition }: TopicPartition): boolean {
    return this.#ready.some(({ tp }) => tp.topic === topic && tp.partition === partition)
  }

  #dropReady(drop: (tp: TopicPartition) => boolean): void {
    const kept = this.#ready.filter((chunk) => !drop(chunk.tp))
    this.#ready.length = 0
    this.#ready.push(...kept)
  }

  /** Starts the fetches that aren't under way, for partitions that may be read. */
  #pump(): void {
    if (this.#closed) return
    const fetches = new Map<string, Fetch>()
    for (const reading of this.#readings.values()) {
      if (!mayRead(reading)) continue
      const leader = this.#options.cluster.leader(reading.tp)
      if (leader === undefined) {
        void this.#rest(reading)
        continue
      }
      if (reading.epoch >= 0 && leader.epoch > reading.checkedEpoch) {
        void this.#check(reading, leader)
        continue
      }
      reading.checkedEpoch = leader.epoch
      const { node } = leader
      const part = isAtEnd(reading) ? 'end' : 'behind'
      const key = `${node} ${part}`
      const fetch: Fetch = fetches.get(key) ?? { node, part, readings: [] }
      fetches.set(key, fetch)
      fetch.readings.push(reading)
    }
    for (const [key, fetch] of fetches) if (!this.#busy.has(key)) void this.#fetch(key, fetch)
  }

  #nodeOf({ tp }: Reading): number | undefined {
    return this.#options.cluster.leader(tp)?.node
  }

  /** How long a fetch may wait at the broker: shortly while others of the broker's partitions are read, which may reach their end meanwhile. */
  #patienceOf({ node, part, readings }: Fetch): number {
    // The first answer tells where the log ends: it isn't waited for.
    if (readings.some(({ end }) => end < 0)) return 0
    if (part === 'behind') return SHORT_WAIT_MS
    const all = [...this.#readings.values()].filter((reading) => this.#nodeOf(reading) === node)
    return readings.length === all.length ? WAIT_MS : SHORT_WAIT_MS
  }

  async #fetch(key: string, fetch: Fetch): Promise<void> {
    const { node, part, readings } = fetch
    this.#busy.add(key)
    for (const reading of readings) reading.idle = false
    const positions = new Map(readings.map((reading) => [reading, reading.position]))
    const askedAt = this.#options.clock.monotonic()
    try {
      const { cluster, kind } = this.#options
      const lane = await cluster.lane(node, part === 'behind' ? kind : `${kind}-end`)
      const answer = await lane.request(FETCH, this.#request(fetch), { timeoutMs: WAIT_MS + 30_000 })
      if (answer.errorCode !== 0) throw brokerError(answer.errorCode, 'fetch', `reading from broker ${node}`)
      this.#failures.delete(node)
      const found = answer.topics.flatMap(({ topic, partitions }) => partitions.map((answered) => ({ topic, answered })))
      for (const { topic, answered } of found) {
        const reading = this.#readings.get(partitionKey({ topic, partition: answered.partition }))
        if (reading !== undefined && positions.get(reading) === reading.position) await this.#take(reading, answered, askedAt)
      }
    } catch (error) {
      await this.#failed(node, error)
    } finally {
      for (const reading of readings) reading.idle = true
      this.#busy.delete(key)
    }
    this.#wake?.()
    this.#pump()
  }

  #request(fetch: Fetch): FetchRequest {
    const byTopic = new Map<string, Reading[]>()
    for (const reading of fetch.readings) byTopic.set(reading.tp.topic, [...(byTopic.get(reading.tp.topic) ?? []), reading])
    return {
      maxWaitMs: this.#patienceOf(fetch),
      minBytes: ENOUGH_BYTES,
      maxBytes: this.#options.maxBytes,
      isolation: this.#options.isolation ?? 'read_uncommitted',
      topics: [...byTopic].map(([topic, list]) => ({
        topic,
        partitions: list.map(({ tp, position }) => ({
          partition: tp.partition,
          currentLeaderEpoch: this.#options.cluster.leader(tp)?.epoch ?? -1,
          fetchOffset: position,
          maxBytes: this.#options.maxPartitionBytes,
        })),
      })),
    }
  }

  /** Takes one partition's answer. What is wrong with it is its own matter: others go on. */
  async #take(reading: Reading, answer: FetchedPartition, askedAt: number): Promise<void> {
    if (answer.errorCode !== 0) {
      await this.#refused(reading, answer.errorCode)
      return
    }
    reading.refusals = 0
    reading.askedAt = askedAt
    reading.end = reading.filter === undefined ? answer.highWatermark : answer.lastStableOffset
    const { records } = answer
    const { runs, length, nextOffset, leaderEpoch, isReadable } = wholeBatches(answer, reading.filter)
    // Who takes them reads what is before, and then says why the rest can't be.
    reading.resting = !isReadable
    if (length === 0) {
      if (records.length > 0)
        throw new ClusterError(
          'RECORD_CORRUPT',
          `${reading.tp.topic}[${reading.tp.partition}]@${reading.position} begins with no whole batch`,
        )
      return
    }
    const { position } = reading
    if (!this.#isReady(reading.tp)) reading.handedOut = position
    reading.position = Math.max(position, nextOffset)
    reading.epoch = leaderEpoch
    if (runs.length === 0) return
    reading.chunks++
    let left = runs.length
    for (const { from, to, baseOffset } of runs) {
      const release = once(() => {
        if (--left === 0) this.#released(reading)
      })
      this.#ready.push({ tp: reading.tp, buffer: records, from, to, startOffset: Math.max(position, baseOffset), release })
    }
  }

  #released(reading: Reading): void {
    reading.chunks--
    this.#pump()
  }

  async #refused(reading: Reading, errorCode: number): Promise<void> {
    const { tp } = reading
    const { action } = wireError(errorCode, 'fetch')
    if (action === 'reset') {
      // A new leader may not know yet how far its log can be read.
      if (reading.refusals > 0) await this.#pauses.wait(backoffMs(reading.refusals, this.#options.random))
      reading.refusals++
      moveTo(reading, await this.#options.outOfRange(tp, reading.position))
      return
    }
    const error = brokerError(errorCode, 'fetch', `reading ${tp.topic}[${tp.partition}]`, tp)
    if (error.retriable) void this.#rest(reading, error)
    else this.#stop(error)
  }

  /** Asks a new leader whether its log has what was read. */
  async #check(reading: Reading, leader: Leader): Promise<void> {
    const { tp, position } = reading
    reading.resting = true
    try {
      const parted = await partedAt(this.#options.cluster, reading, leader)
      reading.checkedEpoch = leader.epoch
      if (parted !== undefined) moveTo(reading, await this.#options.outOfRange(tp, position, parted < 0 ? undefined : parted))
      reading.resting = false
      this.#pump()
    } catch (error) {
      if (error instanceof ClusterError && error.retriable) void this.#rest(reading, error)
      else this.#stop(error)
    }
  }

  /** Leaves a partition out for a while and looks for its leader again; gives up where that helps nothing for too long. */
  async #rest(reading: Reading, error?: ClusterError): Promise<void> {
    const { clock, random, cluster } = this.#options
    reading.resting = true
    if (reading.refusals === 0) reading.refusedSince = clock.monotonic()
    // A leader that isn't known yet is asked for at once.
    const waitMs = reading.refusals === 0 && error === undefined ? 0 : backoffMs(Math.max(1, reading.refusals), random)
    reading.refusals++
    const isOver = clock.monotonic() - reading.refusedSince >= Math.max(PATIENCE_MS, cluster.retryMs)
    if (isOver || (isDoubtful(error) && reading.refusals > FEW_REPEATS)) {
      const { topic, partition } = reading.tp
      this.#stop(
        error ?? brokerError(cluster.partitions(topic) === undefined ? 3 : 5, 'fetch', `reading ${topic}[${partition}]`, reading.tp),
      )
      return
    }
    await this.#pauses.wait(waitMs)
    await this.#refresh()
    reading.resting = false
    this.#pump()
  }

  /** A whole fetch failed. */
  async #failed(node: number, error: unknown): Promise<void> {
    if (this.#closed) return
    if (!(error instanceof ClusterError) || !error.retriable) {
      this.#stop(error)
      return
    }
    const failures = (this.#failures.get(node) ?? 0) + 1
    this.#failures.set(node, failures)
    await this.#pauses.wait(backoffMs(failures, this.#options.random))
    await this.#refresh()
  }

  /** Reads nothing more, and tells whoever polls why. */
  #stop(error: unknown): void {
    if (this.#closed) return
    this.#failure = error instanceof Error ? error : new Error(String(error))
    this.#readings.clear()
    this.#wake?.()
  }

  /** Asks for leaders anew, for all who want that at the same time. */
  #refresh(): Promise<void> {
    this.#refreshing ??= this.#refreshed().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  async #refreshed(): Promise<void> {
    const topics = [...new Set([...this.#readings.values()].map(({ tp }) => tp.topic))]
    try {
      if (topics.length > 0) await this.#options.cluster.refresh(topics)
    } catch (error) {
      this.#stop(error)
    }
  }

  #patience(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel()
        this.#wake = undefined
        resolve()
      }
      const cancel = this.#options.clock.after(ms, done)
      this.#wake = done
    })
  }
}
