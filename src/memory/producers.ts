/**
 * What a partition remembers of idempotent producers: for each id its epoch and its last five batches. An exact repeat of one of them answers the
 * offset it had; older repeats and gaps are refused; a producer it knows nothing of may begin anywhere; a newer epoch begins at 0. Sequences wrap
 * at 2^31. A producer that has written nothing for a day is forgotten (`producer.id.expiration.ms`).
 */
import type { BatchHeader } from '../wire/batch-reader.ts'
import { CODE } from './codes.ts'

const REMEMBERED = 5
const SEQUENCES = 2 ** 31
const EXPIRATION_MS = 86_400_000

interface Remembered {
  readonly baseSequence: number
  readonly lastSequence: number
  readonly offset: number
}

interface ProducerState {
  epoch: number
  last: Remembered[]
  writtenAt: number
}

/** May the batch be appended, was it already (then at which offset), or is it refused. */
export interface SequenceAnswer {
  readonly errorCode: number
  readonly duplicateOf?: number
}

/** The producers of one partition. Times are those of the broker's clock, in ms. */
export class ProducerStates {
  readonly #states: Map<number, ProducerState> = new Map()
  #sweptAt = -Infinity

  /** How many producers are remembered. */
  get size(): number {
    return this.#states.size
  }

  /** Checks a batch before it is appended. */
  check(header: BatchHeader, now: number): SequenceAnswer {
    const { producerId, producerEpoch, baseSequence } = header
    if (producerId < 0 || header.control) return OK
    this.#sweep(now)
    const state = this.#states.get(producerId)
    if (state === undefined) return OK
    if (producerEpoch < state.epoch) return { errorCode: CODE.INVALID_PRODUCER_EPOCH }
    if (producerEpoch > state.epoch) return baseSequence === 0 ? OK : OUT_OF_ORDER
    const lastSequence = lastSequenceOf(header)
    const repeated = state.last.find((batch) => batch.baseSequence === baseSequence && batch.lastSequence === lastSequence)
    if (repeated !== undefined) return { errorCode: CODE.NONE, duplicateOf: repeated.offset }
    const newest = state.last.at(-1)
    return newest === undefined || baseSequence === (newest.lastSequence + 1) % SEQUENCES ? OK : OUT_OF_ORDER
  }

  /** Remembers an appended batch. */
  appended(header: BatchHeader, offset: number, now: number): void {
    const { producerId, producerEpoch, baseSequence } = header
    if (producerId < 0) return
    if (header.control) {
      this.#ended(header, now)
      return
    }
    let state = this.#states.get(producerId)
    if (state === undefined || state.epoch !== producerEpoch) {
      state = { epoch: producerEpoch, last: [], writtenAt: now }
      this.#states.set(producerId, state)
    }
    state.writtenAt = now
    state.last.push({ baseSequence, lastSequence: lastSequenceOf(header), offset })
    if (state.last.length > REMEMBERED) state.last.shift()
  }

  /** Forgets batches that the log lost from an offset on. */
  loseFrom(offset: number): void {
    for (const [id, state] of this.#states) {
      state.last = state.last.filter((batch) => batch.offset < offset)
      if (state.last.length === 0) this.#states.delete(id)
    }
  }

  /** A marker of a newer epoch ends the older one; it has no sequence. */
  #ended({ producerId, producerEpoch }: BatchHeader, now: number): void {
    const state = this.#states.get(producerId)
    if (state === undefined || producerEpoch <= state.epoch) return
    this.#states.set(producerId, { epoch: producerEpoch, last: [], writtenAt: now })
  }

  #sweep(now: number): void {
    if (now - this.#sweptAt < EXPIRATION_MS / 10) return
    this.#sweptAt = now
    for (const [id, { writtenAt }] of this.#states) if (now - writtenAt >= EXPIRATION_MS) this.#states.delete(id)
  }
}

const OK: SequenceAnswer = { errorCode: CODE.NONE }
const OUT_OF_ORDER: SequenceAnswer = { errorCode: CODE.OUT_OF_ORDER_SEQUENCE_NUMBER }

function lastSequenceOf({ baseSequence, lastOffsetDelta }: BatchHeader): number {
  return (baseSequence + lastOffsetDelta) % SEQUENCES
}
