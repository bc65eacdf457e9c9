import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { FIND_COORDINATOR, INIT_PRODUCER_ID } from '../../../src/wire/api/coordinator.ts'
import { failure } from '../reading.ts'
import { checkApi, int16, int32, int64, maybeText, text } from './check-api.ts'

interface Coordinator {
  Key?: string
  NodeId: number
  Host: string
  Port: number
  ErrorCode: number
}

checkApi(FIND_COORDINATOR, {
  request: fc.record({ keyType: fc.constantFrom('group' as const, 'transaction' as const), keys: fc.tuple(text) }),
  asked: ({ keyType, keys }, version) => ({
    KeyType: keyType === 'transaction' ? 1 : 0,
    ...(version >= 4 ? { CoordinatorKeys: keys } : { Key: keys[0] }),
  }),
  answered: (found: Coordinator & { ThrottleTimeMs: number; Coordinators?: Coordinator[] }) => ({
    throttleTimeMs: found.ThrottleTimeMs,
    coordinators: (found.Coordinators ?? [found]).map(({ Key, NodeId, Host, Port, ErrorCode }) => ({
      key: Key ?? '',
      nodeId: NodeId,
      host: Host,
      port: Port,
      errorCode: ErrorCode,
    })),
  }),
})

it('refuses to ask a broker for several coordinators that can only be asked for one', () => {
  expect(failure(() => FIND_COORDINATOR.encode({ keyType: 'group', keys: ['a', 'b'] }, 3))).toMatchObject({ code: 'INVARIANT' })
})

interface Initialised {
  ThrottleTimeMs: number
  ErrorCode: number
  ProducerId: number
  ProducerEpoch: number
}

checkApi(INIT_PRODUCER_ID, {
  request: fc.record({ transactionalId: maybeText, transactionTimeoutMs: int32, producerId: int64, producerEpoch: int16 }),
  asked: ({ transactionalId, transactionTimeoutMs, producerId, producerEpoch }) => ({
    TransactionalId: transactionalId,
    TransactionTimeoutMs: transactionTimeoutMs,
    ProducerId: producerId,
    ProducerEpoch: producerEpoch,
  }),
  answered: ({ ThrottleTimeMs, ErrorCode, ProducerId, ProducerEpoch }: Initialised) => ({
    throttleTimeMs: ThrottleTimeMs,
    errorCode: ErrorCode,
    producerId: ProducerId,
    producerEpoch: ProducerEpoch,
  }),
})
