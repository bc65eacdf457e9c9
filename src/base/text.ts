/**
 * Hot path. Strings and bytes. Short ASCII, which most keys are, goes through loops of our own (a key of 14 bytes: read 30 ns, written 25);
 * the rest through a codec: `TextDecoder` and `TextEncoder` (88 bytes: 90 and 79 ns), or the platform's own, registered once per process
 * (benchmarks/micro/text.ts). A codec changes the cost, never the answer: UTF-8 as the Encoding Standard has it, what is malformed becomes
 * U+FFFD, a byte order mark is kept. The strict functions refuse it instead.
 */
import { SerdeError } from './errors.ts'

/** UTF-8 in both directions, over a position in a larger buffer. */
export interface TextCodec {
  /** The text of `bytes[at, end)`; malformed parts become U+FFFD. */
  decode(bytes: Uint8Array, at: number, end: number): string
  /** Writes the text at `at` and answers how many bytes; −1: there is not enough room. Lone surrogates become U+FFFD. */
  encode(text: string, into: Uint8Array, at: number): number
  /** As `decode`, for bytes that are known to be ASCII, where that is faster. */
  ascii?(bytes: Uint8Array, at: number, end: number): string
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const strictDecoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })
const encoder = new TextEncoder()

let codec: TextCodec = {
  decode: (bytes, at, end) => decoder.decode(bytes.subarray(at, end)),
  encode: (text, into, at) => {
    const { read, written } = encoder.encodeInto(text, into.subarray(at))
    return read === text.length ? written : -1
  },
}

/** Takes a faster codec of the platform, for the whole process. It must answer as the one it replaces, which is returned. */
export function registerTextCodec(faster: TextCodec): TextCodec {
  const before = codec
  codec = faster
  return before
}

/** The text of `bytes[at, end)`, UTF-8; malformed parts become U+FFFD. */
export function decodeText(bytes: Uint8Array, at: number, end: number): string {
  const length = end - at
  if (length > LONGEST_READ) return codec.decode(bytes, at, end)
  let bits = 0
  for (let i = at; i < end; i++) bits |= bytes[i]!
  return bits < 0x80 ? SHORT[length]!(bytes, at) : codec.decode(bytes, at, end)
}

/** The text of `bytes[at, end)`, which are known to be ASCII. */
export function asciiText(bytes: Uint8Array, at: number, end: number): string {
  const length = end - at
  if (length <= LONGEST_READ) return SHORT[length]!(bytes, at)
  return codec.ascii === undefined ? codec.decode(bytes, at, end) : codec.ascii(bytes, at, end)
}

/** The text of `bytes[at, end)`, UTF-8. Throws `SERDE_DECODE` when it is malformed. */
export function decodeTextStrict(bytes: Uint8Array, at: number, end: number): string {
  const text = decodeText(bytes, at, end)
  if (!text.includes('\ufffd')) return text
  try {
    return strictDecoder.decode(bytes.subarray(at, end))
  } catch (cause) {
    throw new SerdeError('SERDE_DECODE', `${end - at} bytes are not UTF-8: write the topic with UTF-8 strings, or read it as bytes`, {
      cause,
    })
  }
}

/** Writes the text as UTF-8 at `at` and answers how many bytes; −1: there is not enough room. Lone surrogates become U+FFFD. */
export function encodeText(text: string, into: Uint8Array, at: number): number {
  const { length } = text
  if (length > LONGEST_WRITTEN) return codec.encode(text, into, at)
  if (length > into.length - at) return -1
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) return codec.encode(text, into, at)
    into[at + i] = unit
  }
  return length
}

/** As `encodeText`, but throws `SERDE_ENCODE` for a text with a lone surrogate, which UTF-8 cannot hold. */
export function encodeTextStrict(text: string, into: Uint8Array, at: number): number {
  const written = encodeText(text, into, at)
  if (written > text.length) refuseLoneSurrogates(text)
  return written
}

/** The text as UTF-8 in bytes of its own. Lone surrogates become U+FFFD. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** The text as UTF-8 in bytes of its own. Throws `SERDE_ENCODE` for a text with a lone surrogate. */
export function utf8Strict(text: string): Uint8Array {
  const bytes = encoder.encode(text)
  if (bytes.length > text.length) refuseLoneSurrogates(text)
  return bytes
}

/** How many bytes the text has as UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7ff) bytes += 2
    else if (unit > 0x7f) bytes++
    if (isHigh(unit) && isLow(text.charCodeAt(i + 1))) i++
  }
  return bytes
}

/** Above these lengths a call into the codec is cheaper than a loop. */
const LONGEST_READ = 16
const LONGEST_WRITTEN = 32

const char = String.fromCharCode

/**
 * By length: the text of that many ASCII bytes. With a fixed number of arguments `fromCharCode` costs 24 ns for 14 bytes; put together byte
 * by byte 118.
 */
// oxfmt-ignore
const SHORT: readonly ((b: Uint8Array, i: number) => string)[] = [
  () => '',
  (b, i) => char(b[i]!),
  (b, i) => char(b[i]!, b[i + 1]!),
  (b, i) => char(b[i]!, b[i + 1]!, b[i + 2]!),
  (b, i) => char(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!),
  (b, i) => char(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!),
  (b, i) => char(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!),
  (b, i) => char(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!, b[i + 6]!),
  (b, i) => char(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!, b[i + 6]!, b[i + 7]!),
  (b, i) => char(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!, b[i + 6]!, b[i + 7]!, b[i + 8]!),
  (b, i) => char(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!, b[i + 6]!, b[i + 7]!, b[i + 8]!, b[i + 9]!),
  (b, i) => char(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!, b[i + 6]!, b[i + 7]!, b[i + 8]!, b[i + 9]!, b[i + 10]!),
  (b, i) => char(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!, b[i + 6]!, b[i + 7]!, b[i + 8]!, b[i + 9]!, b[i + 10]!,
    b[i + 11]!),
  (b, i) => char(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!, b[i + 6]!, b[i + 7]!, b[i + 8]!, b[i + 9]!, b[i + 10]!,
    b[i + 11]!, b[i + 12]!),
  (b, i) => char(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!, b[i + 6]!, b[i + 7]!, b[i + 8]!, b[i + 9]!, b[i + 10]!,
    b[i + 11]!, b[i + 12]!, b[i + 13]!),
  (b, i) => char(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!, b[i + 6]!, b[i + 7]!, b[i + 8]!, b[i + 9]!, b[i + 10]!,
    b[i + 11]!, b[i + 12]!, b[i + 13]!, b[i + 14]!),
  (b, i) => char(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!, b[i + 6]!, b[i + 7]!, b[i + 8]!, b[i + 9]!, b[i + 10]!,
    b[i + 11]!, b[i + 12]!, b[i + 13]!, b[i + 14]!, b[i + 15]!),
]

function refuseLoneSurrogates(text: string): void {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (isHigh(unit) && isLow(text.charCodeAt(i + 1))) i++
    else if (isHigh(unit) || isLow(unit)) {
      throw new SerdeError(
        'SERDE_ENCODE',
        `the text has a lone surrogate at ${i}, which UTF-8 cannot hold: it was cut within a character, or is no text`,
      )
    }
  }
}

function isHigh(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800
}

function isLow(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00
}
