/** Serdes of text and of bytes as they are: strings, UUIDs, raw bytes, and the one that has no value at all. */
import { decodeText, decodeTextStrict, encodeText, encodeTextStrict, utf8, utf8Strict } from '../base/text.ts'
import type { Serde } from './serde.ts'
import { undecodable, unencodable } from './serde-error.ts'

/** UTF-8. Throws on bytes that aren't, and on lone surrogates. */
export const string: Serde<string> = {
  serialize: (value) => utf8Strict(text(value)),
  deserialize: (bytes) => strict(bytes, 0, bytes.length),
  read: strict,
  write: (value, into, at) => encodeTextStrict(text(value), into, at),
  canonical: true,
}

/** UTF-8 as Java has it: malformed bytes are read as U+FFFD (one or more), a lone surrogate is written as a question mark. */
export const stringLossy: Serde<string> = {
  serialize: (value) => utf8(asJava(text(value))),
  deserialize: (bytes) => decodeText(bytes, 0, bytes.length),
  read: (bytes, at, length) => decodeText(bytes, at, at + length),
  write: (value, into, at) => encodeText(asJava(text(value)), into, at),
}

/** Bytes as they are: a view of the fetched batch, to be copied when it is kept. */
export const bytes: Serde<Uint8Array> = {
  passThrough: true,
  serialize: (value) => {
    if (!(value instanceof Uint8Array)) throw unencodable('bytes', value, 'give a Uint8Array')
    return value
  },
  deserialize: (found) => found,
  borrows: true,
}

const LONE_SURROGATES = /\p{Surrogate}/u
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const UUID_BYTES = 36

/** The 36 characters of a UUID, as Java writes them: in lower case, so that equal ones have equal bytes. */
export const uuid: Serde<string> = {
  serialize: (value) => {
    if (!UUID.test(text(value))) throw unencodable('a UUID', value, `give 36 characters, as '6ba7b810-9dad-11d1-80b4-00c04fd430c8'`)
    return utf8(value.toLowerCase())
  },
  deserialize: (found) => {
    const value = decodeText(found, 0, found.length)
    if (!UUID.test(value)) throw undecodable('a UUID', found, `expected ${UUID_BYTES} characters of hex and dashes`)
    return value.toLowerCase()
  },
  fixedBytes: UUID_BYTES,
}

/** No value at all: only null, which never reaches a serde. */
export const nothing: Serde<never> = {
  serialize: (value) => {
    throw unencodable('void', value, 'only null can be written to it')
  },
  deserialize: (found) => {
    throw undecodable('void', found, 'expected null')
  },
}

function strict(found: Uint8Array, at: number, length: number): string {
  try {
    return decodeTextStrict(found, at, at + length)
  } catch (error) {
    throw undecodable(
      'UTF-8 text',
      found.subarray(at, at + length),
      'write the topic with UTF-8 strings, or read it with serdes.bytes or serdes.stringLossy',
      error,
    )
  }
}

function asJava(value: string): string {
  return LONE_SURROGATES.test(value) ? value.replaceAll(/\p{Surrogate}/gu, '?') : value
}

function text(value: string): string {
  if (typeof value !== 'string') throw unencodable('a string', value, 'give a string')
  return value
}
