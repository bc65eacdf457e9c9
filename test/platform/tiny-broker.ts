/**
 * A broker as small as can be dialled, on a port of the loopback: it says which versions it speaks, to kafkajs and to us, lets in whoever says PLAIN, and
 * answers Metadata with its connections' count as the controller. What it does beyond that a test says.
 */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { concatBytes } from '../../src/base/bytes.ts'
import { Reader, Writer } from '../../src/wire/primitives.ts'
import { Schema } from '../wire/api/schema-coder.ts'

const API_VERSIONS = 18
const METADATA = 3
const SASL_HANDSHAKE = 17
const SASL_AUTHENTICATE = 36
/** Which versions it speaks, by number of the request. */
const RANGES: readonly (readonly [key: number, max: number])[] = [
  [METADATA, 12],
  [SASL_HANDSHAKE, 1],
  [API_VERSIONS, 3],
  [SASL_AUTHENTICATE, 1],
]

/** How it behaves. */
export interface TinyBrokerOptions {
  /** How long a session lives, in ms. */
  readonly sessionLifetimeMs?: number
  /** True: it takes connections and says nothing. */
  readonly silent?: boolean
  /** True: it closes connections at once. */
  readonly closes?: boolean
  /** What it says to every connection, whatever that asks. */
  readonly says?: Uint8Array
}

/** A broker that listens. */
export class TinyBroker {
  /** Connections that are open, and how many there ever were. */
  readonly open: Set<Socket> = new Set()
  connections = 0
  /** True: it closes whoever connects. */
  refuses: boolean
  readonly #options: TinyBrokerOptions
  readonly #server: Server

  private constructor(options: TinyBrokerOptions, server: Server) {
    this.#options = options
    this.refuses = options.closes === true
    this.#server = server
    server.on('connection', (socket) => this.#connected(socket))
  }

  static async start(options: TinyBrokerOptions = {}): Promise<TinyBroker> {
    const server = createServer()
    const broker = new TinyBroker(options, server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return broker
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  close(): Promise<void> {
    for (const socket of this.open) socket.destroy()
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
    })
  }

  #connected(socket: Socket): void {
    this.connections++
    this.open.add(socket)
    socket.on('close', () => this.open.delete(socket))
    socket.on('error', () => undefined)
    if (this.refuses) socket.destroy()
    let bytes: Uint8Array = new Uint8Array(0)
    socket.on('data', (chunk) => {
      if (this.#options.silent === true) return
      if (this.#options.says !== undefined) {
        socket.write(this.#options.says)
        return
      }
      bytes = concatBytes(bytes, chunk)
      while (bytes.length >= 4 && bytes.length >= 4 + new Reader(bytes).int32()) {
        const end = 4 + new Reader(bytes).int32()
        const answer = this.#answer(new Reader(bytes, 4, end))
        socket.write(concatBytes(...new Writer().int32(answer.length).finish(), answer))
        bytes = bytes.slice(end)
      }
    })
  }

  #answer(r: Reader): Uint8Array {
    const key = r.int16()
    const version = r.int16()
    const out = new Writer().int32(r.int32())
    if (key === API_VERSIONS && version < 3) {
      out.int16(0).longArray(RANGES, ([apiKey, max], w) => w.int16(apiKey).int16(0).int16(max))
      if (version > 0) out.int32(0)
    } else if (key === API_VERSIONS) {
      out.raw(encoded('ApiVersions', version, { ApiKeys: RANGES.map(([ApiKey, MaxVersion]) => ({ ApiKey, MaxVersion })) }))
    } else if (key === SASL_HANDSHAKE) out.int16(0).longArray(['PLAIN'], (name, w) => w.shortString(name))
    else if (key === SASL_AUTHENTICATE) {
      out.int16(0).shortString(null).longBytes(new Uint8Array(0))
      if (version > 0) out.int64(this.#options.sessionLifetimeMs ?? 0)
    } else out.tags().raw(encoded('Metadata', version, { ControllerId: this.connections }))
    return concatBytes(...out.finish())
  }
}

function encoded(name: string, version: number, value: Record<string, unknown>): Uint8Array {
  const schema = new Schema(`${name}Response`, version)
  return schema.encode(schema.complete(value))
}
