/** FindCoordinator (10) and InitProducerId (22). */
import { api, type Api } from './api.ts'

/** Asks who coordinates groups or transactions. */
export interface FindCoordinatorRequest {
  readonly keyType: 'group' | 'transaction'
  readonly keys: readonly string[]
}

/** Who coordinates each key. */
export interface FindCoordinatorResponse {
  readonly coordinators: readonly {
    readonly key: string
    readonly errorCode: number
    readonly nodeId: number
    readonly host: string
    readonly port: number
  }[]
}

/** FindCoordinator. */
export const FIND_COORDINATOR: Api<FindCoordinatorRequest, FindCoordinatorResponse> = api(10, 'FindCoordinator', [3, 4])

/** Asks for a producer id. Without a transactional id every answer is a new one. */
export interface InitProducerIdRequest {
  readonly transactionalId: string | null
  readonly transactionTimeoutMs: number
  readonly producerId: number
  readonly producerEpoch: number
}

/** The producer id and its epoch. */
export interface InitProducerIdResponse {
  readonly errorCode: number
  readonly producerId: number
  readonly producerEpoch: number
}

/** InitProducerId. */
export const INIT_PRODUCER_ID: Api<InitProducerIdRequest, InitProducerIdResponse> = api(22, 'InitProducerId', [4, 5])
