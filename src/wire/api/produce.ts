/** Produce (0): one sealed batch for each partition. */
import type { Reader } from '../primitives.ts'
import { api, readTopics, writeTopics, type Api, type TopicOf } from './api.ts'

/** Batches to append; each partition has exactly one. */
export interface ProduceRequest {
  readonly transactionalId: string | null
  /** −1: all replicas. */
  readonly acks: number
  readonly timeoutMs: number
  readonly topics: readonly TopicOf<{ readonly partition: number; readonly records: Uint8Array }>[]
}

/** What became of each partition's batch. */
export interface ProducedPartition {
  readonly partition: number
  readonly errorCode: number
  /** Offset of the first record. */
  readonly baseOffset: number
  /** Time of the append where the topic stamps records, else −1. */
  readonly logAppendTimeMs: number
  readonly logStartOffset: number
  readonly errorMessage: string | null
  /** Which records of the batch were refused, by index, and why; absent where the broker names none. */
  readonly recordErrors?: readonly { readonly index: number; readonly message: string | null }[]
}

/** What became of the batches, partitions in any order. */
export interface ProduceResponse {
  readonly topics: readonly TopicOf<ProducedPartition>[]
  readonly throttleTimeMs: number
}

/** Produce. */
export const PRODUCE: Api<ProduceRequest, ProduceResponse> = api(0, 'Produce', [9, 12], {
  write(w, { transactionalId, acks, timeoutMs, topics }) {
    w.string(transactionalId).int16(acks).int32(timeoutMs)
    writeTopics(w, topics, ({ partition, records }) => {
      w.int32(partition).records(records)
    })
  },
  read(r) {
    return { topics: readTopics(r, () => producedPartition(r)), throttleTimeMs: r.int32() }
  },
})

function producedPartition(r: Reader): ProducedPartition {
  const partition = r.int32()
  const errorCode = r.int16()
  const baseOffset = r.int64()
  const logAppendTimeMs = r.int64()
  const logStartOffset = r.int64()
  const recordErrors = r.structs(() => ({ index: r.int32(), message: r.nullableString() }))
  return { partition, errorCode, baseOffset, logAppendTimeMs, logStartOffset, errorMessage: r.nullableString(), recordErrors }
}
