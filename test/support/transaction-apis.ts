/** Requests that only tests make: DescribeProducers (61) and DescribeTransactions (65), to see that no transaction is left open. */
import { api, readTopics, writeTopicNumbers, type Api, type Throttled, type TopicOf } from '../../src/wire/api/api.ts'

/** A producer that a partition knows. */
export interface ActiveProducer {
  readonly producerId: number
  readonly producerEpoch: number
  readonly lastSequence: number
  /** Where its open transaction begins; −1: it has none. */
  readonly currentTxnStartOffset: number
}

export interface DescribeProducersRequest {
  readonly topics: readonly TopicOf<number>[]
}

export interface DescribeProducersResponse extends Throttled {
  readonly topics: readonly TopicOf<{
    readonly partition: number
    readonly errorCode: number
    readonly producers: readonly ActiveProducer[]
  }>[]
}

export const DESCRIBE_PRODUCERS: Api<DescribeProducersRequest, DescribeProducersResponse> = api(61, 'DescribeProducers', [0, 0], {
  write(w, { topics }) {
    writeTopicNumbers(w, topics)
  },
  read(r) {
    const throttleTimeMs = r.int32()
    const topics = readTopics(r, () => {
      const partition = r.int32()
      const errorCode = r.int16()
      r.nullableString()
      const producers = r.structs(() => {
        const producer = { producerId: r.int64(), producerEpoch: r.int32(), lastSequence: r.int32() }
        // When it last wrote, and its coordinator's epoch.
        r.skip(12)
        return { ...producer, currentTxnStartOffset: r.int64() }
      })
      return { partition, errorCode, producers }
    })
    return { throttleTimeMs, topics }
  },
})

export interface DescribeTransactionsRequest {
  readonly transactionalIds: readonly string[]
}

export interface DescribeTransactionsResponse extends Throttled {
  readonly transactions: readonly {
    readonly errorCode: number
    readonly transactionalId: string
    /** `Empty`, `Ongoing`, `PrepareCommit`, `CompleteCommit` and so on. */
    readonly state: string
    readonly producerId: number
    readonly producerEpoch: number
    readonly topics: readonly TopicOf<number>[]
  }[]
}

export const DESCRIBE_TRANSACTIONS: Api<DescribeTransactionsRequest, DescribeTransactionsResponse> = api(
  65,
  'DescribeTransactions',
  [0, 0],
  {
    write(w, { transactionalIds }) {
      w.array(transactionalIds, (id) => {
        w.string(id)
      })
    },
    read(r) {
      const throttleTimeMs = r.int32()
      const transactions = r.structs(() => {
        const found = { errorCode: r.int16(), transactionalId: r.string(), state: r.string() }
        // Its time-out, and when it began.
        r.skip(12)
        const producer = { producerId: r.int64(), producerEpoch: r.int16() }
        const topics = r.structs(() => ({ topic: r.string(), partitions: r.array(() => r.int32()) }))
        return { ...found, ...producer, topics }
      })
      return { throttleTimeMs, transactions }
    },
  },
)
