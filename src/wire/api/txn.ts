/** Transactions: AddPartitionsToTxn (24), AddOffsetsToTxn (25), EndTxn (26), TxnOffsetCommit (28). */
import { api, readTopics, writeTopicNumbers, writeTopics, type Api, type Throttled, type TopicOf } from './api.ts'

/** Who asks: a transactional id with the producer id and epoch that InitProducerId gave it. */
export interface TransactionalProducer {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

/** Partitions that the transaction is going to write. */
export interface AddPartitionsToTxnRequest extends TransactionalProducer {
  readonly topics: readonly TopicOf<number>[]
}

/** What became of each. */
export interface AddPartitionsToTxnResponse extends Throttled {
  readonly topics: readonly TopicOf<{ readonly partition: number; readonly errorCode: number }>[]
}

/** AddPartitionsToTxn. */
export const ADD_PARTITIONS_TO_TXN: Api<AddPartitionsToTxnRequest, AddPartitionsToTxnResponse> = api(24, 'AddPartitionsToTxn', [3, 3], {
  write(w, { transactionalId, producerId, producerEpoch, topics }) {
    w.string(transactionalId).int64(producerId).int16(producerEpoch)
    writeTopicNumbers(w, topics)
  },
  read(r) {
    return { throttleTimeMs: r.int32(), topics: readTopics(r, () => ({ partition: r.int32(), errorCode: r.int16() })) }
  },
})

/** The group whose positions the transaction is going to commit. */
export interface AddOffsetsToTxnRequest extends TransactionalProducer {
  readonly groupId: string
}

/** What became of it. */
export interface AddOffsetsToTxnResponse extends Throttled {
  readonly errorCode: number
}

/** AddOffsetsToTxn. */
export const ADD_OFFSETS_TO_TXN: Api<AddOffsetsToTxnRequest, AddOffsetsToTxnResponse> = api(25, 'AddOffsetsToTxn', [3, 3], {
  write(w, { transactionalId, producerId, producerEpoch, groupId }) {
    w.string(transactionalId).int64(producerId).int16(producerEpoch).string(groupId)
  },
  read(r) {
    return { throttleTimeMs: r.int32(), errorCode: r.int16() }
  },
})

/** Commits a transaction, or aborts it. */
export interface EndTxnRequest extends TransactionalProducer {
  readonly committed: boolean
}

/** What became of it; from version 5 on the producer id and epoch of the next transaction, else −1. */
export interface EndTxnResponse extends Throttled {
  readonly errorCode: number
  readonly producerId: number
  readonly producerEpoch: number
}

/** EndTxn: version 3, or 5 where the cluster has the second version of transactions. */
export const END_TXN: Api<EndTxnRequest, EndTxnResponse> = api(26, 'EndTxn', [3, 5], {
  write(w, { transactionalId, producerId, producerEpoch, committed }) {
    w.string(transactionalId).int64(producerId).int16(producerEpoch).bool(committed)
  },
  read(r, version) {
    const answer = { throttleTimeMs: r.int32(), errorCode: r.int16() }
    if (version < 5) return { ...answer, producerId: -1, producerEpoch: -1 }
    return { ...answer, producerId: r.int64(), producerEpoch: r.int16() }
  },
})

/** Positions that a transaction commits, with the fence that proves who does. */
export interface TxnOffsetCommitRequest extends TransactionalProducer {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly topics: readonly TopicOf<{
    readonly partition: number
    readonly offset: number
    readonly leaderEpoch: number
    readonly metadata: string | null
  }>[]
}

/** What became of each. */
export interface TxnOffsetCommitResponse extends Throttled {
  readonly topics: readonly TopicOf<{ readonly partition: number; readonly errorCode: number }>[]
}

/** TxnOffsetCommit: version 3, or 5 where the cluster has the second version of transactions. */
export const TXN_OFFSET_COMMIT: Api<TxnOffsetCommitRequest, TxnOffsetCommitResponse> = api(28, 'TxnOffsetCommit', [3, 5], {
  write(w, { transactionalId, groupId, producerId, producerEpoch, generationId, memberId, groupInstanceId, topics }) {
    w.string(transactionalId).string(groupId).int64(producerId).int16(producerEpoch)
    w.int32(generationId).string(memberId).string(groupInstanceId)
    writeTopics(w, topics, ({ partition, offset, leaderEpoch, metadata }) => {
      w.int32(partition).int64(offset).int32(leaderEpoch).string(metadata)
    })
  },
  read(r) {
    return { throttleTimeMs: r.int32(), topics: readTopics(r, () => ({ partition: r.int32(), errorCode: r.int16() })) }
  },
})
