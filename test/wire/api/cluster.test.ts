import * as fc from 'fast-check'
import { DESCRIBE_CLUSTER } from '../../../src/wire/api/cluster.ts'
import { checkApi } from './check-api.ts'

interface Answered {
  ThrottleTimeMs: number
  ErrorCode: number
  ErrorMessage: string | null
  ClusterId: string
  ControllerId: number
  Brokers: { BrokerId: number; Host: string; Port: number }[]
}

checkApi(DESCRIBE_CLUSTER, {
  request: fc.constant({}),
  asked: () => ({}),
  answered: ({ ThrottleTimeMs, ErrorCode, ErrorMessage, ClusterId, ControllerId, Brokers }: Answered) => ({
    throttleTimeMs: ThrottleTimeMs,
    errorCode: ErrorCode,
    errorMessage: ErrorMessage,
    clusterId: ClusterId,
    controllerId: ControllerId,
    brokers: Brokers.map(({ BrokerId, Host, Port }) => ({ nodeId: BrokerId, host: Host, port: Port })),
  }),
})
