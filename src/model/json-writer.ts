/**
 * Hot path. Writes plain objects as JSON, byte for byte what `JSON.stringify` gives, without the text in between: names are escaped once and then
 * copied, short strings and whole numbers go by loops of their own. An object of 88 bytes and five fields takes 250 ns, `JSON.stringify` and its UTF-8
 * 650 (benchmarks/micro/json.ts). What isn't plain data (a class, a `toJSON`, a bigint) is left to it.
 */
import { encodeText, utf8 } from '../base/text.ts'

/** Answer of `write`: there isn't enough room. */
export const NO_ROOM = -1
/** Answer of `write`: let `JSON.stringify` do it. */
export const NOT_PLAIN = -2

/** A name as it is written, and the one that came after it the last time. */
interface Name {
  readonly key: string
  /** With quotes and colon. */
  readonly text: Uint8Array
  next: Name | undefined
}

/** Writes what is plain data. */
export class JsonWriter {
  readonly #names = new Map<string, Name>()
  readonly #first: Name = { key: '', text: new Uint8Array(0), next: undefined }
  #into: Uint8Array = this.#first.text

  /** Writes the value at `at` and answers how many bytes, `NO_ROOM` or `NOT_PLAIN`. */
  write(value: unknown, into: Uint8Array, at: number): number {
    if (typeof value !== 'object' || value === null) return NOT_PLAIN
    this.#into = into
    const end = this.#object(value, at, 0)
    return end < 0 ? end : end - at
  }

  /** Each part answers where the next byte goes, or why there is none. */
  #value(value: unknown, at: number, depth: number): number {
    if (typeof value === 'string') return this.#string(value, at)
    if (typeof value === 'number') return this.#number(value, at)
    if (typeof value === 'boolean') return this.#text(value ? 'true' : 'false', at)
    if (typeof value !== 'object') return NOT_PLAIN
    return value === null ? this.#text('null', at) : this.#object(value, at, depth)
  }

  #object(value: object, at: number, depth: number): number {
    if (depth > DEEPEST || 'toJSON' in value) return NOT_PLAIN
    if (Array.isArray(value)) return this.#items(value, at, depth)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== null) return NOT_PLAIN
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only its own keys are read
    return this.#members(value as Record<string, unknown>, at, depth)
  }

  #members(value: Readonly<Record<string, unknown>>, start: number, depth: number): number {
    const keys = Object.keys(value)
    let at = start
    let before = this.#first
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!
      const item = value[key]
      if (isLeftOut(item)) continue
      const expected = before.next
      const name = expected !== undefined && expected.key === key ? expected : this.#follow(before, key)
      if (name === undefined) return NOT_PLAIN
      at = this.#name(name.text, before === this.#first ? BRACE : COMMA, at)
      if (at >= 0) at = this.#value(item, at, depth + 1)
      if (at < 0) return at
      before = name
    }
    return before === this.#first ? this.#text('{}', at) : this.#byte(CLOSING_BRACE, at)
  }

  #items(items: readonly unknown[], start: number, depth: number): number {
    let at = start
    for (let i = 0; i < items.length; i++) {
      at = this.#byte(i === 0 ? BRACKET : COMMA, at)
      const item = items[i]
      if (at >= 0) at = isLeftOut(item) ? this.#text('null', at) : this.#value(item, at, depth + 1)
      if (at < 0) return at
    }
    return items.length === 0 ? this.#text('[]', at) : this.#byte(CLOSING_BRACKET, at)
  }

  #name(text: Uint8Array, separator: number, at: number): number {
    const into = this.#into
    const { length } = text
    if (at + length >= into.length) return NO_ROOM
    into[at] = separator
    for (let i = 0; i < length; i++) into[at + 1 + i] = text[i]!
    return at + 1 + length
  }

  #byte(byte: number, at: number): number {
    if (at >= this.#into.length) return NO_ROOM
    this.#into[at] = byte
    return at + 1
  }

  #string(value: string, start: number): number {
    const { length } = value
    const into = this.#into
    if (length > LONGEST_BY_LOOP) return this.#text(JSON.stringify(value), start)
    if (start + length + 2 > into.length) return NO_ROOM
    let at = start
    into[at++] = QUOTE
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i)
      if (unit > 0x7f || PLAIN[unit] === 0) return this.#text(JSON.stringify(value), start)
      into[at++] = unit
    }
    into[at] = QUOTE
    return at + 1
  }

  #number(value: number, start: number): number {
    if (value < 0 || value > MOST_BY_LOOP || (value | 0) !== value)
      return this.#text(Number.isFinite(value) ? String(value) : 'null', start)
    const into = this.#into
    let end = start + 1
    for (let power = 10; power <= value; power *= 10) end++
    if (end > into.length) return NO_ROOM
    let rest = value
    for (let at = end - 1; at >= start; at--) {
      const tenth = (rest / 10) | 0
      into[at] = ZERO + rest - tenth * 10
      rest = tenth
    }
    return end
  }

  #text(text: string, at: number): number {
    const length = encodeText(text, this.#into, at)
    return length < 0 ? NO_ROOM : at + length
  }

  /** The name of a key that came in another place than before; undefined: there are too many. */
  #follow(before: Name, key: string): Name | undefined {
    let name = this.#names.get(key)
    if (name === undefined) {
      if (this.#names.size === MOST_NAMES) return undefined
      name = { key, text: utf8(`${JSON.stringify(key)}:`), next: undefined }
      this.#names.set(key, name)
    }
    before.next = name
    return name
  }
}

/** `JSON.stringify` has no text for it: a member is left out, an item is null. */
function isLeftOut(value: unknown): boolean {
  return value === undefined || typeof value === 'function' || typeof value === 'symbol'
}

const QUOTE = 0x22
const COMMA = 0x2c
const ZERO = 0x30
const BRACE = 0x7b
const CLOSING_BRACE = 0x7d
const BRACKET = 0x5b
const CLOSING_BRACKET = 0x5d
/** 1: stands in a string for itself. */
const PLAIN = Uint8Array.from({ length: 128 }, (_, unit) => (unit >= 0x20 && unit !== QUOTE && unit !== 0x5c ? 1 : 0))
/** Longer ones are cheaper by two calls. */
const LONGEST_BY_LOOP = 100
const MOST_BY_LOOP = 999_999_999
const DEEPEST = 32
const MOST_NAMES = 1_000
