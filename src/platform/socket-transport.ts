/**
 * Lanes to real brokers: for each one a socket, dialled when it is asked for. A session that the broker lets live for a while only is replaced before
 * that ends: a new connection takes what is asked from then on, and the old one ends with its last answer.
 */
import type { ConnectionOptions } from 'node:tls'
import type { SASLOptions } from 'kafkajs'
import type { Clock } from '../base/clock.ts'
import { ClusterError, ConfigError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import type { Address, Lane, LaneKind, RequestOptions, Transport } from '../kafka/lane.ts'
import type { Api } from '../wire/api/api.ts'
import { dial, type DialedSocket } from './dial.ts'
import { SocketLane } from './socket-lane.ts'

/** How brokers are reached. */
export interface SocketTransportOptions {
  /** Where to begin: `host:port`. */
  readonly brokers: readonly string[]
  readonly clientId: string
  /** True for TLS with the system's authorities, or options of `node:tls`. */
  readonly ssl?: boolean | ConnectionOptions
  readonly sasl?: SASLOptions
  readonly clock: Clock
  readonly random: Random
  /** How long connecting and authenticating may take; 10,000. */
  readonly dialTimeoutMs?: number
  /** No response is larger than this; 192 MiB. */
  readonly maxFrameBytes?: number
}

const DIAL_TIMEOUT_MS = 10_000
const MAX_FRAME_BYTES = 192 * 1024 * 1024
const DEFAULT_PORT = 9092
/** A session is replaced after this part of its lifetime, give or take a tenth: not all at once. */
const RENEW_AT = 0.8
const RENEW_AGAIN_MS = 1_000
const CLIENT_VERSION = '0.1.0'

/** Opens lanes on sockets. Nothing is dialled before the first lane is asked for. */
export function socketTransport(options: SocketTransportOptions): Transport {
  return new SocketTransport(options)
}

class SocketTransport implements Transport {
  readonly #options: SocketTransportOptions
  readonly #seeds: readonly Address[]
  readonly #lanes: Set<Lane> = new Set()
  #closed = false

  constructor(options: SocketTransportOptions) {
    this.#options = options
    this.#seeds = options.brokers.map(addressOf)
  }

  seeds(): readonly Address[] {
    return this.#seeds
  }

  async lane(to: Address, kind: LaneKind): Promise<Lane> {
    const dialed = await this.#dial(to, kind)
    const lane = dialed.lifetimeMs > 0 ? new RenewedLane(dialed, { ...this.#options, dial: () => this.#dial(to, kind) }) : dialed.lane
    this.#lanes.add(lane)
    lane.onClose(() => this.#lanes.delete(lane))
    return lane
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const lane of this.#lanes) lane.close()
  }

  async #dial(to: Address, kind: LaneKind): Promise<Dialed> {
    const { clientId, ssl, sasl, clock, dialTimeoutMs: timeoutMs = DIAL_TIMEOUT_MS, maxFrameBytes = MAX_FRAME_BYTES } = this.#options
    this.#checkOpen()
    const how = { clientId, timeoutMs, ...(ssl === undefined ? {} : { ssl }), ...(sasl === undefined ? {} : { sasl }) }
    const socket = await dial(to, how)
    const authenticated = sasl !== undefined
    const lane = new SocketLane(socket, {
      clock,
      clientId,
      broker: `${to.host}:${to.port}`,
      node: to.nodeId ?? -1,
      kind,
      maxFrameBytes,
      authenticated,
    })
    try {
      await lane.greet(CLIENT_VERSION)
      this.#checkOpen()
    } catch (error) {
      lane.close()
      throw error
    }
    return { lane, lifetimeMs: socket.sessionLifetimeMs }
  }

  #checkOpen(): void {
    if (this.#closed) throw new ClusterError('CONNECTION_LOST', 'the connections to the cluster are closed')
  }
}

interface Dialed {
  readonly lane: SocketLane
  readonly lifetimeMs: DialedSocket['sessionLifetimeMs']
}

interface Renewal {
  readonly clock: Clock
  readonly random: Random
  readonly dial: () => Promise<Dialed>
}

/** A lane whose connection is replaced before its session ends. */
class RenewedLane implements Lane {
  readonly node: number
  readonly #renewal: Renewal
  readonly #listeners: ((why: Error) => void)[] = []
  #lane: SocketLane
  #cancel: () => void = () => undefined
  #closed: Error | undefined = undefined

  constructor(first: Dialed, renewal: Renewal) {
    this.node = first.lane.node
    this.#renewal = renewal
    this.#lane = first.lane
    this.#use(first)
  }

  request<Q, R>(api: Api<Q, R>, request: Q, options?: RequestOptions): Promise<R> {
    return this.#lane.request(api, request, options)
  }

  onClose(f: (why: Error) => void): void {
    if (this.#closed === undefined) this.#listeners.push(f)
    else f(this.#closed)
  }

  close(): void {
    this.#lane.close()
  }

  #use({ lane, lifetimeMs }: Dialed): void {
    this.#lane = lane
    lane.onClose((why) => {
      if (this.#lane === lane) this.#ended(why)
    })
    const { clock, random } = this.#renewal
    if (lifetimeMs > 0) this.#cancel = clock.after(lifetimeMs * (RENEW_AT - 0.1 * random.next()), () => void this.#renew())
  }

  async #renew(): Promise<void> {
    try {
      const next = await this.#renewal.dial()
      if (this.#closed !== undefined) {
        next.lane.close()
        return
      }
      const old = this.#lane
      this.#use(next)
      old.retire()
    } catch {
      // The old connection is good for a while yet; when it ends first, so does the lane.
      if (this.#closed === undefined) this.#cancel = this.#renewal.clock.after(RENEW_AGAIN_MS, () => void this.#renew())
    }
  }

  #ended(why: Error): void {
    if (this.#closed !== undefined) return
    this.#closed = why
    this.#cancel()
    for (const listener of this.#listeners.splice(0)) listener(why)
  }
}

/** Takes `host:port` apart; IPv6 hosts stand in brackets. */
function addressOf(text: string): Address {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:\s]+))(?::(\d+))?$/.exec(text.trim()) ?? []
  const host = bracketed ?? plain
  const port = digits === undefined ? DEFAULT_PORT : Number(digits)
  if (host === undefined || port < 1 || port > 65_535) throw new ConfigError('CONFIG_VALUE', `brokers: ${text} is not host:port`)
  return { host, port }
}
