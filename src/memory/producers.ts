/**
 * What a partition remembers of idempotent producers: for each id its epoch and its last five batches. An exact repeat of one of them answers the
 * offset it had; older repeats and gaps are refused; a producer it knows nothing of may begin anywhere. Sequences wrap at 2^31.
 */
import { CODE } from './codes.ts'
import type { BatchHeader } from '../wire/batch-reader.ts'

const REMEMBERED = 5
const SEQUENCES = 2 ** 31

interface Remembered {
  readonly baseSequence: number
  readonly count: number
  readonly offset: number
}

interface ProducerState {
  epoch: number
  readonly last: Remembered[]
}

/** May the batch be appended, was it already, or is it refused. */
export type SequenceAnswer = { readonly errorCode: number; readonly duplicateOf?: number }

/** The producers of one partition. */
export class ProducerStates {
  readonly #states: Map<number, ProducerState> = new Map()

  /** Checks a batch before it is appended. */
  check({ producerId, producerEpoch, baseSequence, count }: BatchHeader): SequenceAnswer {
    if (producerId < 0) return { errorCode: CODE.NONE }
    const state = this.#states.get(producerId)
    if (state === undefined) return { errorCode: CODE.NONE }
    if (producerEpoch < state.epoch) return { errorCode: CODE.INVALID_PRODUCER_EPOCH }
    if (producerEpoch > state.epoch) return { errorCode: baseSequence === 0 ? CODE.NONE : CODE.OUT_OF_ORDER_SEQUENCE_NUMBER }
    const repeated = state.last.find((batch) => batch.baseSequence === baseSequence && batch.count === count)
    if (repeated !== undefined) return { errorCode: CODE.NONE, duplicateOf: repeated.offset }
    const newest = state.last.at(-1)
    const expected = newest === undefined ? baseSequence : (newest.baseSequence + newest.count) % SEQUENCES
    return { errorCode: baseSequence === expected ? CODE.NONE : CODE.OUT_OF_ORDER_SEQUENCE_NUMBER }
  }

  /** Remembers an appended batch. */
  appended({ producerId, producerEpoch, baseSequence, count }: BatchHeader, offset: number): void {
    if (producerId < 0) return
    const known = this.#states.get(producerId)
    const state = known === undefined || known.epoch !== producerEpoch ? { epoch: producerEpoch, last: [] } : known
    state.last.push({ baseSequence, count, offset })
    if (state.last.length > REMEMBERED) state.last.shift()
    this.#states.set(producerId, state)
  }
}
