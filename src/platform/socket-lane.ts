/**
 * A lane on a socket. Requests leave at once, one behind the other, and are answered in that order; each has a correlation id that the answer must
 * repeat. A request that is not answered in time closes the lane, because nobody knows what became of it or of those behind it. A broker that asks to
 * be left alone for a while is: what is requested meanwhile waits here.
 */
import { readInt32 } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { ClusterError } from '../base/errors.ts'
import type { Lane, LaneKind, RequestOptions } from '../kafka/lane.ts'
import type { Api } from '../wire/api/api.ts'
import { PRODUCE } from '../wire/api/produce.ts'
import { END_TXN, TXN_OFFSET_COMMIT } from '../wire/api/txn.ts'
import { API_VERSIONS, type VersionRange } from '../wire/api/versions.ts'
import { Reader, Writer } from '../wire/primitives.ts'
import { Frames } from './frames.ts'

/** An open connection: bytes out, bytes in. */
export interface LaneSocket {
  /** Sends pieces, one behind the other; they must not change any more. */
  write(pieces: readonly Uint8Array[]): void
  /** From now on `bytes` gets what comes in (the first `length` bytes of a chunk that is used again), and `ended` why nothing will come any more. */
  listen(bytes: (chunk: Uint8Array, length: number) => void, ended: (why: string) => void): void
  destroy(): void
}

/** What a lane runs on. */
export interface SocketLaneOptions {
  readonly clock: Clock
  readonly clientId: string
  /** Whom it leads to, for messages: `host:port`. */
  readonly broker: string
  /** Id of the broker; −1 where it isn't known. */
  readonly node: number
  readonly kind: LaneKind
  /** No response is larger than this. */
  readonly maxFrameBytes: number
  /** True where the client has proved who it is: a connection that closes at once means something else then. */
  readonly authenticated: boolean
}

interface Call {
  readonly name: string
  readonly correlation: number
  readonly pieces: readonly Uint8Array[]
  readonly timeoutMs: number
  readonly decode: (frame: Uint8Array, at: number) => unknown
  readonly resolve: (answer: unknown) => void
  readonly reject: (why: Error) => void
  cancelTimeout: () => void
}

const TIMEOUT_MS = 30_000
const CORRELATION_BYTES = 4
const TRANSACTIONS_V2 = 2
/** The highest versions that a cluster without the second version of transactions is asked in. */
const WITHOUT_TRANSACTIONS_V2: ReadonlyMap<number, number> = new Map([
  [PRODUCE.key, 9],
  [END_TXN.key, 3],
  [TXN_OFFSET_COMMIT.key, 3],
])

/** Carries requests over one connection. */
export class SocketLane implements Lane {
  readonly node: number
  readonly #socket: LaneSocket
  readonly #options: SocketLaneOptions
  readonly #sent: Call[] = []
  readonly #held: Call[] = []
  readonly #listeners: ((why: Error) => void)[] = []
  #versions: ReadonlyMap<number, VersionRange> = new Map()
  #transactionVersion = 0
  #correlation = 0
  #answered = 0
  #cancelHold: (() => void) | undefined = undefined
  #closed: ClusterError | undefined = undefined
  #retired = false

  constructor(socket: LaneSocket, options: SocketLaneOptions) {
    this.node = options.node
    this.#socket = socket
    this.#options = options
    const frames = new Frames(options.maxFrameBytes, (frame) => this.#take(frame))
    socket.listen(
      (chunk, length) => this.#feed(frames, chunk, length),
      (why) => this.#lost(why),
    )
  }

  /** The features that the cluster has agreed on. */
  get features(): { readonly transactionVersion: number } {
    return { transactionVersion: this.#transactionVersion }
  }

  /** Asks which versions the broker speaks; nothing else can be asked before. */
  async greet(clientSoftwareVersion: string): Promise<void> {
    const asked = { clientSoftwareName: 'millrace', clientSoftwareVersion }
    const answer = await this.#ask(API_VERSIONS, asked, API_VERSIONS.max, TIMEOUT_MS)
    if (answer.errorCode !== 0) {
      throw new ClusterError('BROKER_TOO_OLD', `broker ${this.#options.broker} is too old (ApiVersions 3): Kafka 2.5 or newer is needed`)
    }
    this.#versions = new Map(answer.apis.map((range) => [range.apiKey, range]))
    this.#transactionVersion = answer.finalizedFeatures.get('transaction.version') ?? 0
  }

  /** The version that a request is sent in: the highest that both sides speak. Throws `BROKER_TOO_OLD` where there is none. */
  version(api: Api<never, unknown>): number {
    const range = this.#versions.get(api.key)
    const cap = this.#transactionVersion >= TRANSACTIONS_V2 ? api.max : (WITHOUT_TRANSACTIONS_V2.get(api.key) ?? api.max)
    const version = Math.min(cap, range?.max ?? -1)
    if (range !== undefined && version >= api.min && version >= range.min) return version
    const has = range === undefined ? 'does not answer it at all' : `speaks versions ${range.min} to ${range.max}`
    throw new ClusterError(
      'BROKER_TOO_OLD',
      `${api.name} is needed in version ${api.min} to ${api.max}, and broker ${this.#options.broker} ${has}: upgrade the cluster`,
    )
  }

  async request<Q, R>(api: Api<Q, R>, request: Q, options: RequestOptions = {}): Promise<R> {
    if (this.#closed !== undefined) throw this.#closed
    return this.#ask(api, request, this.version(api), options.timeoutMs ?? TIMEOUT_MS)
  }

  onClose(f: (why: Error) => void): void {
    if (this.#closed === undefined) this.#listeners.push(f)
    else f(this.#closed)
  }

  close(): void {
    this.#close(this.#gone('was closed'))
  }

  /** Takes no new requests, and closes when those under way are answered. */
  retire(): void {
    this.#retired = true
    if (this.#sent.length + this.#held.length === 0) this.close()
  }

  #ask<Q, R>(api: Api<Q, R>, request: Q, version: number, timeoutMs: number): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const correlation = this.#correlation
      this.#correlation = (correlation + 1) & 0x7f_ff_ff_ff
      const call: Call = {
        name: `${api.name} v${version}`,
        correlation,
        pieces: message(api, version, { correlation, clientId: this.#options.clientId, body: api.encode(request, version) }),
        timeoutMs,
        decode: (frame, at) => api.decode(frame, at, version),
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- It is what `decode` made.
        resolve: (answer) => resolve(answer as R),
        reject,
        cancelTimeout: () => undefined,
      }
      if (this.#cancelHold === undefined) this.#send(call)
      else this.#held.push(call)
    })
  }

  #send(call: Call): void {
    this.#sent.push(call)
    call.cancelTimeout = this.#options.clock.after(call.timeoutMs, () => {
      this.#close(this.#gone(`has not answered ${call.name} for ${call.timeoutMs} ms`))
    })
    this.#socket.write(call.pieces)
  }

  #feed(frames: Frames, chunk: Uint8Array, length: number): void {
    if (this.#closed !== undefined) return
    try {
      frames.feed(chunk, length)
    } catch (error) {
      this.#close(error instanceof ClusterError ? error : this.#gone(String(error)))
    }
  }

  #take(frame: Uint8Array): void {
    const call = this.#sent.shift()
    const correlation = readInt32(frame, 0)
    if (call === undefined || call.correlation !== correlation) {
      if (call !== undefined) this.#sent.unshift(call)
      this.#close(this.#gone(`answered request ${correlation}, which is not the one that is due: is a proxy in between?`))
      return
    }
    call.cancelTimeout()
    this.#answered++
    this.#deliver(call, frame)
    if (this.#retired && this.#sent.length + this.#held.length === 0) this.close()
  }

  #deliver(call: Call, frame: Uint8Array): void {
    try {
      const answer = call.decode(frame, this.#bodyAt(frame))
      this.#hold(throttleOf(answer))
      call.resolve(answer)
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      call.reject(
        new ClusterError('RECORD_CORRUPT', `broker ${this.#options.broker} answered ${call.name} with something else: ${text}`, {
          cause: error,
        }),
      )
    }
  }

  /** Where the body of an answer begins. The first answer is that of ApiVersions, the only one without tags in its header. */
  #bodyAt(frame: Uint8Array): number {
    if (this.#answered === 1) return CORRELATION_BYTES
    const reader = new Reader(frame, CORRELATION_BYTES)
    reader.tags()
    return reader.at
  }

  /** Sends nothing for so many ms. */
  #hold(ms: number): void {
    if (ms <= 0) return
    this.#cancelHold?.()
    this.#cancelHold = this.#options.clock.after(ms, () => {
      this.#cancelHold = undefined
      for (const call of this.#held.splice(0)) this.#send(call)
    })
  }

  #lost(why: string): void {
    const { authenticated } = this.#options
    const hint =
      this.#answered <= 1 && !authenticated ? '; a listener that wants SASL closes like this: set security.sasl when it does' : ''
    this.#close(this.#gone(`closed the connection (${why})${hint}`))
  }

  #gone(what: string): ClusterError {
    return new ClusterError('CONNECTION_LOST', `broker ${this.#options.broker} (${this.#options.kind}) ${what}`, { retriable: true })
  }

  #close(why: ClusterError): void {
    if (this.#closed !== undefined) return
    this.#closed = why
    this.#cancelHold?.()
    this.#socket.destroy()
    for (const call of [...this.#sent.splice(0), ...this.#held.splice(0)]) {
      call.cancelTimeout()
      call.reject(why)
    }
    for (const listener of this.#listeners.splice(0)) listener(why)
  }
}

interface Envelope {
  readonly correlation: number
  readonly clientId: string
  readonly body: readonly Uint8Array[]
}

/** A whole message: its length, the request header of version 2, the body. */
function message({ key }: Api<never, unknown>, version: number, { correlation, clientId, body }: Envelope): Uint8Array[] {
  const [header] = new Writer(64).int16(key).int16(version).int32(correlation).shortString(clientId).tags().finish()
  const pieces = header === undefined ? [...body] : [header, ...body]
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
  return [...new Writer(4).int32(length).finish(), ...pieces]
}

function throttleOf(answer: unknown): number {
  if (typeof answer !== 'object' || answer === null || !('throttleTimeMs' in answer)) return 0
  return typeof answer.throttleTimeMs === 'number' ? answer.throttleTimeMs : 0
}
