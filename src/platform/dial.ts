/**
 * Opens connections to brokers. kafkajs dials, does TLS and proves who the client is (each of its SASL mechanisms); then the socket is taken over and
 * spoken on directly. What kafkajs sees in place of a socket is a stand-in that passes bytes on until then and swallows its goodbye.
 */
import { EventEmitter } from 'node:events'
import { connect, isIP, type OnReadOpts, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import type { KafkaConfig, SASLOptions } from 'kafkajs'
import type { Address } from '../kafka/lane.ts'
import { dialError, type Attempt } from './dial-error.ts'
import type { LaneSocket } from './socket-lane.ts'

/** How to reach brokers. */
export interface DialOptions {
  readonly clientId: string
  /** True for TLS with the system's authorities, or options of `node:tls`. */
  readonly ssl?: boolean | ConnectionOptions
  readonly sasl?: SASLOptions
  readonly timeoutMs: number
}

/** A connection whose client is known to the broker. */
export interface DialedSocket extends LaneSocket {
  /** How long the broker lets this session live, in ms; 0: as long as it likes. */
  readonly sessionLifetimeMs: number
}

const CHUNK_BYTES = 262_144
const KEEP_ALIVE_MS = 60_000
const LIFETIME_BYTES = 8

/** Opens a connection. Throws a `ClusterError` that says what to do. */
export async function dial(to: Address, options: DialOptions): Promise<DialedSocket> {
  const { Kafka, logLevel } = await import('kafkajs')
  const { clientId, ssl = false, sasl, timeoutMs } = options
  const handOver = new HandOver(to, ssl)
  const config: KafkaConfig = {
    clientId,
    // Where to connect is known here: kafkajs takes host and port apart at the colon, which IPv6 addresses have more of.
    brokers: [to.host.includes(':') ? `broker:${to.port}` : `${to.host}:${to.port}`],
    ...(ssl === false ? {} : { ssl }),
    ...(sasl === undefined ? {} : { sasl }),
    socketFactory: ({ onConnect }) => handOver.open(onConnect),
    connectionTimeout: timeoutMs,
    authenticationTimeout: timeoutMs,
    requestTimeout: timeoutMs,
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
  }
  const admin = new Kafka(config).admin()
  try {
    await admin.connect()
  } catch (error) {
    handOver.destroy()
    await admin.disconnect().catch(() => undefined)
    throw dialError(error, { to, ssl: ssl !== false, mechanism: sasl?.mechanism, ...handOver.attempt })
  }
  handOver.taken(sasl !== undefined)
  await admin.disconnect()
  return handOver
}

/** One connection: kafkajs's until it is taken, the lane's afterwards. */
class HandOver implements DialedSocket {
  readonly #to: Address
  readonly #ssl: boolean | ConnectionOptions
  readonly #standIn: EventEmitter = new EventEmitter()
  #socket: Socket | undefined = undefined
  #isTaken = false
  #first: Buffer = Buffer.alloc(0)
  #last: Buffer = Buffer.alloc(0)
  #error: Error | undefined = undefined
  #closed = false
  #bytes: ((chunk: Uint8Array, length: number) => void) | undefined = undefined
  #ended: (why: string) => void = () => undefined
  sessionLifetimeMs = 0

  constructor(to: Address, ssl: boolean | ConnectionOptions) {
    this.#to = to
    this.#ssl = ssl
  }

  /** What was seen of the broker. */
  get attempt(): Pick<Attempt, 'socketError' | 'firstBytes'> {
    return { socketError: this.#error, firstBytes: this.#first }
  }

  /** Connects; what it answers is all that kafkajs needs of a socket. */
  open(onConnect: () => void): Socket {
    const { host, port } = this.#to
    const onread: OnReadOpts = {
      buffer: Buffer.allocUnsafeSlow(CHUNK_BYTES),
      callback: (length, chunk) => {
        this.#received(chunk, length)
        return true
      },
    }
    const socket = this.#ssl === false ? connect({ host, port, onread }, onConnect) : connectTls(this.#tlsOptions(onread), onConnect)
    socket.setNoDelay(true)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    socket.on('error', (error) => this.#failed(error))
    socket.on('end', () => this.#finished())
    socket.on('close', () => this.#finished())
    this.#socket = socket
    const methods = {
      write: (bytes: Uint8Array) => socket.write(bytes),
      end: () => {
        if (!this.#isTaken) socket.end()
      },
      unref: () => undefined,
      setKeepAlive: () => undefined,
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- kafkajs calls nothing else of a socket; the contract suite would notice.
    return Object.assign(this.#standIn, methods) as unknown as Socket
  }

  /** From now on kafkajs has nothing to do with the socket. */
  taken(authenticated: boolean): void {
    this.#isTaken = true
    // The answer to SaslAuthenticate ends with the session's lifetime.
    if (authenticated && this.#last.length === LIFETIME_BYTES) this.sessionLifetimeMs = Number(this.#last.readBigInt64BE(0))
  }

  write(pieces: readonly Uint8Array[]): void {
    const socket = this.#socket
    if (socket === undefined || this.#closed) return
    socket.cork()
    for (const piece of pieces) socket.write(piece)
    socket.uncork()
  }

  listen(bytes: (chunk: Uint8Array, length: number) => void, ended: (why: string) => void): void {
    this.#bytes = bytes
    this.#ended = ended
    if (this.#closed) queueMicrotask(() => ended(this.#why()))
  }

  destroy(): void {
    this.#closed = true
    this.#socket?.destroy()
  }

  #tlsOptions(onread: OnReadOpts): ConnectionOptions {
    const { host, port } = this.#to
    const servername = isIP(host) === 0 ? { servername: host } : {}
    const options = { host, port, ...servername, ...(this.#ssl === true ? {} : this.#ssl), onread }
    return options
  }

  #received(chunk: Uint8Array, length: number): void {
    if (this.#isTaken) {
      this.#bytes?.(chunk, length)
      return
    }
    const copy = Buffer.from(chunk.subarray(0, length))
    if (this.#first.length === 0) this.#first = copy
    this.#last = Buffer.concat([this.#last, copy]).subarray(-LIFETIME_BYTES)
    this.#standIn.emit('data', copy)
  }

  #failed(error: Error): void {
    this.#error = error
    if (!this.#isTaken) this.#standIn.emit('error', error)
  }

  #finished(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.#isTaken) this.#ended(this.#why())
    else this.#standIn.emit('end')
  }

  #why(): string {
    return this.#error?.message ?? 'it ended without a word'
  }
}
