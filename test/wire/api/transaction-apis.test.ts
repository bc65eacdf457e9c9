import * as fc from 'fast-check'
import { DESCRIBE_PRODUCERS, DESCRIBE_TRANSACTIONS } from '../../support/transaction-apis.ts'
import { checkApi, few, int32, text, topicsOf } from './check-api.ts'

interface Producers {
  ThrottleTimeMs: number
  Topics: {
    Name: string
    Partitions: {
      PartitionIndex: number
      ErrorCode: number
      ActiveProducers: { ProducerId: number; ProducerEpoch: number; LastSequence: number; CurrentTxnStartOffset: number }[]
    }[]
  }[]
}

checkApi(DESCRIBE_PRODUCERS, {
  request: fc.record({ topics: topicsOf(int32) }),
  asked: ({ topics }) => ({ Topics: topics.map(({ topic, partitions }) => ({ Name: topic, PartitionIndexes: partitions })) }),
  answered: ({ ThrottleTimeMs, Topics }: Producers) => ({
    throttleTimeMs: ThrottleTimeMs,
    topics: Topics.map(({ Name, Partitions }) => ({
      topic: Name,
      partitions: Partitions.map(({ PartitionIndex, ErrorCode, ActiveProducers }) => ({
        partition: PartitionIndex,
        errorCode: ErrorCode,
        producers: ActiveProducers.map((producer) => ({
          producerId: producer.ProducerId,
          producerEpoch: producer.ProducerEpoch,
          lastSequence: producer.LastSequence,
          currentTxnStartOffset: producer.CurrentTxnStartOffset,
        })),
      })),
    })),
  }),
})

interface Transactions {
  ThrottleTimeMs: number
  TransactionStates: {
    ErrorCode: number
    TransactionalId: string
    TransactionState: string
    ProducerId: number
    ProducerEpoch: number
    Topics: { Topic: string; Partitions: number[] }[]
  }[]
}

checkApi(DESCRIBE_TRANSACTIONS, {
  request: fc.record({ transactionalIds: few(text) }),
  asked: ({ transactionalIds }) => ({ TransactionalIds: transactionalIds }),
  answered: ({ ThrottleTimeMs, TransactionStates }: Transactions) => ({
    throttleTimeMs: ThrottleTimeMs,
    transactions: TransactionStates.map((found) => ({
      errorCode: found.ErrorCode,
      transactionalId: found.TransactionalId,
      state: found.TransactionState,
      producerId: found.ProducerId,
      producerEpoch: found.ProducerEpoch,
      topics: found.Topics.map(({ Topic, Partitions }) => ({ topic: Topic, partitions: Partitions })),
    })),
  }),
})
