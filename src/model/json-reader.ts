/**
 * Hot path. Reads JSON objects that look like those before them. Records of a topic have the same fields in the same order, so what stands between two
 * values (`,"user":`) is learned once and then compared, not parsed: an object of 88 bytes and five fields takes 330 ns, `JSON.parse` 790
 * (benchmarks/micro/json.ts). The answer is `JSON.parse`'s, always: whatever is not as expected is left to it, and learned when it was right.
 */
import { asciiText, decodeText } from '../base/text.ts'

/** A field, with the bytes that lead to its value: from the end of the value before, `{` or `,` included, to the colon and the spaces behind it. */
interface Member {
  readonly text: Uint8Array
  readonly key: string
  /** What came after it. */
  readonly next: Member[]
  /** The objects that are its values, or in the arrays that are. */
  readonly inside: Place
}

/** Where objects of one kind stand. */
interface Place {
  readonly first: Member[]
  /** By text, as Latin-1. */
  readonly members: Map<string, Member>
}

/** Reads what looks like what it has learned. */
export class JsonReader {
  #top = newPlace()
  /** Of the value in hand: the next byte, and the first one behind it. */
  #at = 0
  #end = 0
  #members = 0
  #lessons = 0
  #reads = 0
  #misses = 0
  #resting = 0

  /** The value of `bytes[at, end)`; undefined: ask `JSON.parse`, and `learn` when it answers. */
  read(bytes: Uint8Array, at: number, end: number): unknown {
    if (this.#resting > 0) {
      this.#resting--
      return undefined
    }
    if (++this.#reads === WINDOW) this.#judge()
    this.#at = at
    this.#end = end
    if (bytes[at] === BRACE) {
      const value = this.#object(bytes, this.#top, 0)
      if (value !== undefined && this.#ends(bytes)) return value
    }
    this.#misses++
    return undefined
  }

  /** Learns the fields of a text that `JSON.parse` has read. A lesson is dear, so there is an end of them. */
  learn(bytes: Uint8Array, at: number, end: number): void {
    if (this.#resting > 0 || this.#lessons === MOST_LESSONS || bytes[at] !== BRACE) return
    this.#lessons++
    this.#at = at
    this.#end = end
    this.#learnValue(bytes, this.#top, 0)
  }

  /** Where values differ too much, trying costs more than it saves: it rests, and begins anew. */
  #judge(): void {
    if (this.#misses > WINDOW / 4) {
      this.#resting = REST
      this.#top = newPlace()
      this.#members = 0
      this.#lessons = 0
    }
    this.#reads = 0
    this.#misses = 0
  }

  #value(bytes: Uint8Array, place: Place, depth: number): unknown {
    const byte = bytes[this.#at]!
    if (byte === QUOTE) return this.#string(bytes)
    if (byte === MINUS || isDigit(byte)) return this.#number(bytes)
    if (byte === BRACE) return this.#object(bytes, place, depth + 1)
    if (byte === BRACKET) return this.#array(bytes, place, depth + 1)
    if (byte === TRUE[0]) return this.#word(bytes, TRUE) ? true : undefined
    if (byte === FALSE[0]) return this.#word(bytes, FALSE) ? false : undefined
    return this.#word(bytes, NULL) ? null : undefined
  }

  #object(bytes: Uint8Array, place: Place, depth: number): object | undefined {
    if (depth > DEEPEST) return undefined
    const object: Record<string, unknown> = {}
    let expected = place.first
    for (;;) {
      const member = this.#member(bytes, expected)
      if (member === undefined) break
      this.#at += member.text.length
      const value = this.#value(bytes, member.inside, depth)
      if (value === undefined) return undefined
      object[member.key] = value
      if (bytes[this.#at] === CLOSING_BRACE) {
        this.#at++
        return object
      }
      expected = member.next
    }
    // Empty, or with spaces before its end.
    if (expected === place.first) this.#at++
    return this.#closes(bytes, CLOSING_BRACE) ? object : undefined
  }

  #member(bytes: Uint8Array, expected: readonly Member[]): Member | undefined {
    const at = this.#at
    for (let i = 0; i < expected.length; i++) {
      const member = expected[i]!
      if (startsWith(bytes, at, member.text)) return member
    }
    return undefined
  }

  #array(bytes: Uint8Array, place: Place, depth: number): unknown[] | undefined {
    if (depth > DEEPEST) return undefined
    const items: unknown[] = []
    this.#at++
    if (this.#closes(bytes, CLOSING_BRACKET)) return items
    for (;;) {
      const value = this.#value(bytes, place, depth)
      if (value === undefined) return undefined
      items.push(value)
      if (this.#closes(bytes, CLOSING_BRACKET)) return items
      if (bytes[this.#at] !== COMMA) return undefined
      this.#at++
      this.#skipSpaces(bytes)
    }
  }

  #ends(bytes: Uint8Array): boolean {
    this.#skipSpaces(bytes)
    return this.#at === this.#end
  }

  /** Passes spaces, and then this byte; false: it is another one. */
  #closes(bytes: Uint8Array, byte: number): boolean {
    this.#skipSpaces(bytes)
    if (bytes[this.#at] !== byte) return false
    this.#at++
    return true
  }

  #skipSpaces(bytes: Uint8Array): void {
    while (this.#at < this.#end && isSpace(bytes[this.#at]!)) this.#at++
  }

  #word(bytes: Uint8Array, word: Uint8Array): boolean {
    if (!startsWith(bytes, this.#at, word)) return false
    this.#at += word.length
    return true
  }

  #string(bytes: Uint8Array): string | undefined {
    const start = this.#at + 1
    const end = this.#end
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!
      if (PLAIN[byte] === 1) continue
      if (byte !== QUOTE) return this.#marked(bytes, start, i)
      this.#at = i + 1
      return asciiText(bytes, start, i)
    }
    return undefined
  }

  /** A string that isn't plain ASCII, seen up to `at`. */
  #marked(bytes: Uint8Array, start: number, at: number): string | undefined {
    let escapes = false
    for (let i = at; i < this.#end; i++) {
      const byte = bytes[i]!
      if (byte === QUOTE) {
        this.#at = i + 1
        return escapes ? parsed<string>(bytes, start - 1, i + 1) : decodeText(bytes, start, i)
      }
      if (byte < 0x20) return undefined
      if (byte === BACKSLASH) {
        escapes = true
        i++
      }
    }
    return undefined
  }

  /** Up to 15 digits are exact; the rest is left to `JSON.parse`. */
  #number(bytes: Uint8Array): number | undefined {
    const start = this.#at
    const negative = bytes[start] === MINUS
    const whole = negative ? start + 1 : start
    let digits = 0
    let at = whole
    while (isDigit(bytes[at]!)) digits = digits * 10 + bytes[at++]! - ZERO
    if (at === whole || (bytes[whole] === ZERO && at > whole + 1)) return undefined
    const next = bytes[at]
    if (next === POINT || next === SMALL_E || next === LARGE_E || at - whole > EXACT_DIGITS) return this.#decimal(bytes, start, at, digits)
    this.#at = at
    return negative ? -digits : digits
  }

  /** Up to 15 digits divided by an exact power of ten round as the decimal number does. */
  #decimal(bytes: Uint8Array, start: number, point: number, whole: number): number | undefined {
    let digits = whole
    let at = point + 1
    if (bytes[point] === POINT) while (isDigit(bytes[at]!)) digits = digits * 10 + bytes[at++]! - ZERO
    const scale = at - point - 1
    if (scale === 0 || at - start > EXACT_DIGITS + 1 || isOfNumber(bytes[at]!)) return this.#longNumber(bytes, start, at)
    this.#at = at
    const value = digits / POWERS[scale]!
    return bytes[start] === MINUS ? -value : value
  }

  #longNumber(bytes: Uint8Array, start: number, from: number): number | undefined {
    let at = from - 1
    while (at < this.#end && isOfNumber(bytes[at]!)) at++
    this.#at = at
    return parsed<number>(bytes, start, at)
  }

  #learnValue(bytes: Uint8Array, place: Place, depth: number): boolean {
    const byte = bytes[this.#at]
    if (byte === BRACE) return this.#learnObject(bytes, place, depth + 1)
    if (byte === BRACKET) return this.#learnArray(bytes, place, depth + 1)
    if (byte === QUOTE) this.#passString(bytes)
    else while (this.#at < this.#end && !isAfterValue(bytes[this.#at]!)) this.#at++
    return true
  }

  /** False where learning stops: too deep, too much, or a name that must not be set. */
  #learnObject(bytes: Uint8Array, place: Place, depth: number): boolean {
    if (depth > DEEPEST) return false
    let known = place.first
    for (;;) {
      const from = this.#at
      if (known !== place.first) this.#skipSpaces(bytes)
      if (bytes[this.#at] === CLOSING_BRACE) break
      this.#at++
      this.#skipSpaces(bytes)
      if (bytes[this.#at] === CLOSING_BRACE) break
      const keyAt = this.#at
      this.#passString(bytes)
      const keyEnd = this.#at
      this.#skipSpaces(bytes)
      this.#at++
      this.#skipSpaces(bytes)
      const member = this.#memberOf(place, bytes.slice(from, this.#at), parsed<string>(bytes, keyAt, keyEnd))
      if (member === undefined) return false
      if (!known.includes(member)) {
        if (known.length === MOST_NEXT) return false
        known.push(member)
      }
      if (!this.#learnValue(bytes, member.inside, depth)) return false
      known = member.next
    }
    this.#at++
    return true
  }

  #learnArray(bytes: Uint8Array, place: Place, depth: number): boolean {
    if (depth > DEEPEST) return false
    this.#at++
    while (!this.#closes(bytes, CLOSING_BRACKET)) {
      if (bytes[this.#at] === COMMA) {
        this.#at++
        this.#skipSpaces(bytes)
      }
      if (!this.#learnValue(bytes, place, depth)) return false
    }
    return true
  }

  #memberOf(place: Place, text: Uint8Array, key: string | undefined): Member | undefined {
    if (text.length > LONGEST_TEXT) return undefined
    const name = String.fromCharCode(...text)
    const known = place.members.get(name)
    if (known !== undefined) return known
    // Setting `__proto__` would change the prototype.
    if (key === undefined || key === '__proto__' || this.#members === MOST_MEMBERS) return undefined
    this.#members++
    const member = { text, key, next: [], inside: newPlace() }
    place.members.set(name, member)
    return member
  }

  #passString(bytes: Uint8Array): void {
    this.#at++
    while (bytes[this.#at] !== QUOTE && this.#at < this.#end) this.#at += bytes[this.#at] === BACKSLASH ? 2 : 1
    this.#at++
  }
}

function newPlace(): Place {
  return { first: [], members: new Map() }
}

/** What `JSON.parse` makes of a part; undefined: nothing. */
function parsed<T extends string | number>(bytes: Uint8Array, at: number, end: number): T | undefined {
  try {
    const value: T = JSON.parse(decodeText(bytes, at, end))
    return value
  } catch {
    return undefined
  }
}

function startsWith(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  const { length } = text
  for (let i = 0; i < length; i++) if (bytes[at + i] !== text[i]) return false
  return true
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0))
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function isOfNumber(byte: number): boolean {
  return isDigit(byte) || byte === MINUS || byte === PLUS || byte === POINT || byte === SMALL_E || byte === LARGE_E
}

function isAfterValue(byte: number): boolean {
  return byte === COMMA || byte === CLOSING_BRACE || byte === CLOSING_BRACKET || isSpace(byte)
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const BRACE = 0x7b
const CLOSING_BRACE = 0x7d
const BRACKET = 0x5b
const CLOSING_BRACKET = 0x5d
const ZERO = 0x30
const NINE = 0x39
const MINUS = 0x2d
const PLUS = 0x2b
const POINT = 0x2e
const SMALL_E = 0x65
const LARGE_E = 0x45
const TRUE = ascii('true')
const FALSE = ascii('false')
const NULL = ascii('null')
/** 1: stands in a string for itself, as ASCII. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0))
const EXACT_DIGITS = 15
const POWERS = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, power) => 10 ** power)
const DEEPEST = 64
const MOST_MEMBERS = 1_000
const MOST_NEXT = 32
const MOST_LESSONS = 500
const LONGEST_TEXT = 256
/** Reads that are judged together, and for how many reads it rests after a bad judgement. */
const WINDOW = 1_024
const REST = 50_000
