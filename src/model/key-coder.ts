/**
 * Hot path. A key as bytes with its hash, without a copy where that can be: while a key is still the source's own, its bytes and hash are those of
 * the fetched batch (if its serde is canonical); any other is serialised into a buffer that is used again. One coder a user; what it holds is valid until the next `take`.
 */
import { murmur2 } from '../base/murmur2.ts'
import type { SourceRecord } from './record.ts'
import type { AnySerde, SerdeContext } from './serde.ts'
import { unencodable } from './serde-error.ts'

/** What a coder reads keys for. */
export interface KeyCoderOptions {
  readonly serde: AnySerde
  /** The task's record. */
  readonly record: SourceRecord
  readonly topic: string
  /** True while the source's keys were read with the same serde. */
  isSourceSerde(): boolean
}

/** The key taken last. */
export class KeyCoder {
  bytes: Uint8Array = new Uint8Array(256)
  at = 0
  /** −1: a null key. */
  length = -1
  /** murmur2 of the bytes that decide the partition. */
  hash = 0
  readonly #options: KeyCoderOptions
  readonly #unhashed: number
  readonly #canonical: boolean
  #scratch: Uint8Array = this.bytes

  constructor(options: KeyCoderOptions) {
    this.#options = options
    this.#unhashed = options.serde.unhashedBytes ?? 0
    this.#canonical = options.serde.canonical ?? false
  }

  /** Takes a key; undefined counts as null. Throws what the serde throws. */
  take(key: unknown): void {
    if (key === null || key === undefined) {
      this.length = -1
      this.hash = 0
      return
    }
    const { record } = this.#options
    const { rows } = record
    if (this.#canonical && rows !== undefined && key === record.sourceKey && typeof key !== 'object' && this.#options.isSourceSerde()) {
      const { index } = record
      this.bytes = rows.bytes
      this.at = rows.keyAt[index]!
      this.length = rows.keyLength[index]!
      this.hash = this.#unhashed === 0 ? record.keyHash : murmur2(this.bytes, this.at, this.at + this.length - this.#unhashed)
      return
    }
    this.at = 0
    this.#serialise(key)
    this.hash = murmur2(this.bytes, 0, this.length - this.#unhashed)
  }

  #serialise(key: unknown): void {
    const { serde } = this.#options
    if (serde.write === undefined) {
      this.bytes = this.#checked(serde.serialize(key, this.#context()))
      this.length = this.bytes.length
      return
    }
    let length = serde.write(key, this.#scratch, 0)
    while (length < 0) {
      this.#scratch = new Uint8Array(this.#scratch.length * 2)
      length = serde.write(key, this.#scratch, 0)
    }
    this.bytes = this.#scratch
    this.length = length
  }

  #checked(bytes: unknown): Uint8Array {
    if (bytes instanceof Uint8Array) return bytes
    throw unencodable('bytes', bytes, `the key serde of ${this.#options.topic} must answer a Uint8Array`)
  }

  #context(): SerdeContext {
    const { record, topic } = this.#options
    return { topic, side: 'key', headers: record.headers }
  }
}
