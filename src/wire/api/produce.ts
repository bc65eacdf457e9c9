/** Produce (0): one sealed batch for each partition. */
import { api, type Api, type TopicOf } from './api.ts'

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
}

/** What became of the batches, partitions in any order. */
export interface ProduceResponse {
  readonly topics: readonly TopicOf<ProducedPartition>[]
  readonly throttleTimeMs: number
}

/** Produce. */
export const PRODUCE: Api<ProduceRequest, ProduceResponse> = api(0, 'Produce', [9, 12])
