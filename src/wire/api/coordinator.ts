/** FindCoordinator (10) and InitProducerId (22). */
import { assert } from '../../base/errors.ts'
import type { Reader } from '../primitives.ts'
import { api, type Api, type Throttled } from './api.ts'

/** Asks who coordinates groups or transactions; before version 4, of one key only. */
export interface FindCoordinatorRequest {
  readonly keyType: 'group' | 'transaction'
  readonly keys: readonly string[]
}

/** Who coordinates each key; before version 4 the answer does not repeat the key. */
export interface FindCoordinatorResponse extends Throttled {
  readonly coordinators: readonly {
    readonly key: string
    readonly errorCode: number
    readonly nodeId: number
    readonly host: string
    readonly port: number
  }[]
}

/** FindCoordinator. */
export const FIND_COORDINATOR: Api<FindCoordinatorRequest, FindCoordinatorResponse> = api(10, 'FindCoordinator', [3, 4], {
  write(w, { keyType, keys }, version) {
    const type = keyType === 'transaction' ? 1 : 0
    if (version >= 4) {
      w.int8(type).array(keys, (key) => {
        w.string(key)
      })
      return
    }
    const [key] = keys
    assert(key !== undefined && keys.length === 1, 'FindCoordinator before version 4 asks for exactly one key')
    w.string(key).int8(type)
  },
  read(r, version) {
    const throttleTimeMs = r.int32()
    return { throttleTimeMs, coordinators: version >= 4 ? r.structs(() => coordinator(r)) : [onlyCoordinator(r)] }
  },
})

function coordinator(r: Reader): FindCoordinatorResponse['coordinators'][number] {
  const found = { key: r.string(), nodeId: r.int32(), host: r.string(), port: r.int32(), errorCode: r.int16() }
  r.nullableString()
  return found
}

function onlyCoordinator(r: Reader): FindCoordinatorResponse['coordinators'][number] {
  const errorCode = r.int16()
  r.nullableString()
  return { key: '', errorCode, nodeId: r.int32(), host: r.string(), port: r.int32() }
}

/** Asks for a producer id. Without a transactional id every answer is a new one. */
export interface InitProducerIdRequest {
  readonly transactionalId: string | null
  readonly transactionTimeoutMs: number
  readonly producerId: number
  readonly producerEpoch: number
}

/** The producer id and its epoch. */
export interface InitProducerIdResponse extends Throttled {
  readonly errorCode: number
  readonly producerId: number
  readonly producerEpoch: number
}

/** InitProducerId. */
export const INIT_PRODUCER_ID: Api<InitProducerIdRequest, InitProducerIdResponse> = api(22, 'InitProducerId', [4, 5], {
  write(w, { transactionalId, transactionTimeoutMs, producerId, producerEpoch }) {
    w.string(transactionalId).int32(transactionTimeoutMs).int64(producerId).int16(producerEpoch)
  },
  read(r) {
    return { throttleTimeMs: r.int32(), errorCode: r.int16(), producerId: r.int64(), producerEpoch: r.int16() }
  },
})
