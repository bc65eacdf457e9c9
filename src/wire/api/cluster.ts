/** DescribeCluster (60): a cluster's id, brokers and controller. */
import { api, type Api, type Throttled } from './api.ts'
import type { BrokerAddress } from './metadata.ts'

/** Asks for nothing in particular. */
export type DescribeClusterRequest = Readonly<Record<string, never>>

/** The cluster. */
export interface DescribeClusterResponse extends Throttled {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly clusterId: string
  readonly controllerId: number
  readonly brokers: readonly BrokerAddress[]
}

/** DescribeCluster. */
export const DESCRIBE_CLUSTER: Api<DescribeClusterRequest, DescribeClusterResponse> = api(60, 'DescribeCluster', [0, 0], {
  write(w) {
    w.bool(false)
  },
  read(r) {
    const throttleTimeMs = r.int32()
    const errorCode = r.int16()
    const errorMessage = r.nullableString()
    const clusterId = r.string()
    const controllerId = r.int32()
    const brokers = r.structs(() => {
      const broker = { nodeId: r.int32(), host: r.string(), port: r.int32() }
      r.nullableString()
      return broker
    })
    r.int32()
    return { throttleTimeMs, errorCode, errorMessage, clusterId, controllerId, brokers }
  },
})
