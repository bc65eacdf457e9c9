/**
 * Cuts what a socket brings into frames: four bytes of length, then as many of content. A length is checked before memory is taken for it. Each
 * frame is one piece of memory of its own, so that views of it (record batches) stay valid however long they are kept.
 */
import { ClusterError } from '../base/errors.ts'

const LENGTH_BYTES = 4

/** Gathers frames from chunks of any size. */
export class Frames {
  readonly #limit: number
  readonly #complete: (frame: Uint8Array) => void
  readonly #length: Buffer = Buffer.alloc(LENGTH_BYTES)
  #lengthBytes = 0
  #frame: Buffer | undefined = undefined
  #filled = 0

  /** `complete` gets each frame without its length; a frame of more than `limit` bytes is an error. */
  constructor(limit: number, complete: (frame: Uint8Array) => void) {
    this.#limit = limit
    this.#complete = complete
  }

  /** Takes the first `length` bytes of a chunk, which may be overwritten afterwards. Throws `RECORD_CORRUPT` for a length that cannot be. */
  feed(chunk: Uint8Array, length: number): void {
    let at = 0
    while (at < length)
      at = this.#frame === undefined ? this.#begin(chunk, at, length) : this.#fill(this.#frame, chunk.subarray(at, length)) + at
  }

  #begin(chunk: Uint8Array, from: number, end: number): number {
    let at = from
    while (at < end && this.#lengthBytes < LENGTH_BYTES) this.#length[this.#lengthBytes++] = chunk[at++]!
    if (this.#lengthBytes < LENGTH_BYTES) return at
    const size = this.#length.readInt32BE(0)
    // A response has a correlation id at least.
    if (size < LENGTH_BYTES || size > this.#limit)
      throw new ClusterError(
        'RECORD_CORRUPT',
        `a response claims ${size} bytes, and at most ${this.#limit} are taken: is this a Kafka broker?`,
      )
    this.#lengthBytes = 0
    this.#frame = Buffer.allocUnsafe(size)
    this.#filled = 0
    return at
  }

  /** Fills the frame; answers how many bytes it took. */
  #fill(frame: Buffer, chunk: Uint8Array): number {
    const taken = Math.min(chunk.length, frame.length - this.#filled)
    frame.set(taken === chunk.length ? chunk : chunk.subarray(0, taken), this.#filled)
    this.#filled += taken
    if (this.#filled === frame.length) {
      this.#frame = undefined
      this.#complete(frame)
    }
    return taken
  }
}
