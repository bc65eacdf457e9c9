/** The other end of a lane: an open connection in memory, whose broker side reads requests and answers them as a test says. */
import { concatBytes } from '../../src/base/bytes.ts'
import type { LaneSocket } from '../../src/platform/socket-lane.ts'
import { Reader, Writer } from '../../src/wire/primitives.ts'
import { Schema, type Struct } from '../wire/api/schema-coder.ts'

/** A request as the broker sees it. */
export interface Seen {
  readonly apiKey: number
  readonly version: number
  readonly correlation: number
  readonly clientId: string | null
  /** The body's bytes. */
  readonly body: Uint8Array
}

/** A connection that a test holds the other end of. */
export class BrokerEnd implements LaneSocket {
  /** What was requested and not answered yet. */
  readonly requests: Seen[] = []
  destroyed = false
  #bytes: (chunk: Uint8Array, length: number) => void = () => undefined
  #ended: (why: string) => void = () => undefined

  write(pieces: readonly Uint8Array[]): void {
    const message = concatBytes(...pieces)
    const r = new Reader(message)
    if (r.int32() !== message.length - 4) throw new Error('the length is not that of the message')
    const seen = { apiKey: r.int16(), version: r.int16(), correlation: r.int32(), clientId: r.shortString() }
    r.tags()
    this.requests.push({ ...seen, body: message.slice(r.at) })
  }

  listen(bytes: (chunk: Uint8Array, length: number) => void, ended: (why: string) => void): void {
    this.#bytes = bytes
    this.#ended = ended
  }

  destroy(): void {
    this.destroyed = true
  }

  /** Answers the oldest request with a response by Kafka's definition, fields left out at their defaults. */
  answer(name: string, value: Struct, more: { readonly correlation?: number; readonly tagsInHeader?: boolean } = {}): void {
    const { version, correlation } = this.requests.shift()!
    const schema = new Schema(`${name}Response`, version)
    const header = new Writer().int32(more.correlation ?? correlation)
    if (more.tagsInHeader !== false) header.tags()
    this.send(concatBytes(...header.finish(), schema.encode(schema.complete(value))))
  }

  /** Sends a frame. */
  send(frame: Uint8Array): void {
    const all = concatBytes(...new Writer().int32(frame.length).finish(), frame)
    this.#bytes(all, all.length)
  }

  /** Sends bytes as they are. */
  sendRaw(bytes: Uint8Array): void {
    this.#bytes(bytes, bytes.length)
  }

  /** Ends the connection. */
  end(why: string): void {
    this.#ended(why)
  }
}
