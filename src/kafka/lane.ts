/**
 * The cluster ports. A transport opens lanes; a lane carries typed requests to one broker, one after another. Sockets and the memory cluster
 * answer the same requests, so every client state machine above runs unchanged on both.
 */
import type { Api } from '../wire/api/api.ts'

/** Where a broker listens. */
export interface Address {
  readonly host: string
  readonly port: number
  /** Id of the broker, where it is known. */
  readonly nodeId?: number
}

/** What a lane is for. A broker works on one request of a connection at a time, so long polls never share one with anything else. */
export type LaneKind = 'call' | 'group' | `group:${string}` | 'produce' | `fetch:${string}`

/** What a request may be told. */
export interface RequestOptions {
  readonly timeoutMs?: number
}

/** Carries requests to one broker. A request that times out closes its lane: the outcome of all others on it is unknown. */
export interface Lane {
  /** Id of the broker; −1 where nobody knows it yet. */
  readonly node: number
  /** Sends a request; rejects with a `ClusterError` when the lane closes first. */
  request<Q, R>(api: Api<Q, R>, request: Q, options?: RequestOptions): Promise<R>
  /** `f` is called when the lane closes, at once where it has closed already. */
  onClose(f: (why: Error) => void): void
  close(): void
}

/** Opens lanes. */
export interface Transport {
  /** Where to begin. */
  seeds(): readonly Address[]
  lane(to: Address, kind: LaneKind): Promise<Lane>
  close(): Promise<void>
}
