/** Serdes around other serdes: lists, and windowed keys as they stand in topics (Kafka's ListSerializer and TimeWindowed-, SessionWindowedSerializer). */
import { readInt32, readInt64, writeInt32, writeInt64 } from '../base/bytes.ts'
import type { Serde } from './serde.ts'
import { undecodable, unencodable } from './serde-error.ts'
import type { Window, Windowed } from './window.ts'

const CONSTANT_SIZE = 0
const VARIABLE_SIZE = 1
const TIME = 8

/** A list; entries may be null. One byte says whether entries have a fixed size; then their positions of nulls, else a length each. */
export function list<T>(inner: Serde<T>): Serde<(T | null)[]> {
  return inner.fixedBytes === undefined ? variableList(inner) : constantList(inner, inner.fixedBytes)
}

function variableList<T>(inner: Serde<T>): Serde<(T | null)[]> {
  return {
    borrows: inner.borrows ?? false,
    serialize: (value, context) => {
      const entries = listed(value).map((entry) => (entry === null ? null : inner.serialize(entry, context)))
      const bytes = new Uint8Array(5 + entries.reduce((sum, entry) => sum + 4 + (entry?.length ?? 0), 0))
      bytes[0] = VARIABLE_SIZE
      writeInt32(bytes, 1, entries.length)
      let at = 5
      for (const entry of entries) {
        writeInt32(bytes, at, entry === null ? -1 : entry.length)
        if (entry !== null) bytes.set(entry, at + 4)
        at += 4 + (entry?.length ?? 0)
      }
      return bytes
    },
    deserialize: (bytes, context) => {
      const count = bytes.length < 5 || bytes[0] !== VARIABLE_SIZE ? -1 : readInt32(bytes, 1)
      if (count < 0) throw undecodable('a list', bytes, 'expected 01 and a count')
      const value: (T | null)[] = []
      let at = 5
      for (let i = 0; i < count; i++) {
        const length = at + 4 <= bytes.length ? readInt32(bytes, at) : Number.NaN
        at += 4
        if (!(length >= -1) || at + length > bytes.length) throw undecodable('a list', bytes, `entry ${i} of ${count} is cut off`)
        value.push(length < 0 ? null : inner.deserialize(bytes.subarray(at, at + length), context))
        at += Math.max(0, length)
      }
      if (at !== bytes.length) throw undecodable('a list', bytes, `expected an end behind ${count} entries`)
      return value
    },
  }
}

function constantList<T>(inner: Serde<T>, size: number): Serde<(T | null)[]> {
  return {
    borrows: inner.borrows ?? false,
    serialize: (value, context) => {
      const nulls = listed(value).flatMap((entry, index) => (entry === null ? [index] : []))
      const bytes = new Uint8Array(9 + 4 * nulls.length + size * (value.length - nulls.length))
      bytes[0] = CONSTANT_SIZE
      writeInt32(bytes, 1, nulls.length)
      for (const [i, index] of nulls.entries()) writeInt32(bytes, 5 + 4 * i, index)
      let at = 5 + 4 * nulls.length
      writeInt32(bytes, at, value.length)
      at += 4
      for (const entry of value) {
        if (entry === null) continue
        const entryBytes = inner.serialize(entry, context)
        if (entryBytes.length !== size)
          throw unencodable(`${size} bytes`, entry, `the entries' serde says fixedBytes and wrote ${entryBytes.length}`)
        bytes.set(entryBytes, at)
        at += size
      }
      return bytes
    },
    deserialize: (bytes, context) => {
      if (bytes.length < 9 || bytes[0] !== CONSTANT_SIZE) throw undecodable('a list', bytes, 'expected 00, the nulls and a count')
      const nullCount = readInt32(bytes, 1)
      const start = 5 + 4 * nullCount
      if (nullCount < 0 || start + 4 > bytes.length) throw undecodable('a list', bytes, 'the nulls are cut off')
      const nulls = new Set(Array.from({ length: nullCount }, (_, i) => readInt32(bytes, 5 + 4 * i)))
      const count = readInt32(bytes, start)
      if (count < nullCount || start + 4 + size * (count - nullCount) !== bytes.length)
        throw undecodable('a list', bytes, `expected ${count} entries of ${size}`)
      let at = start + 4
      return Array.from({ length: count }, (_, index) => {
        if (nulls.has(index)) return null
        at += size
        return inner.deserialize(bytes.subarray(at - size, at), context)
      })
    },
  }
}

function listed<T>(value: readonly T[]): readonly T[] {
  if (!Array.isArray(value)) throw unencodable('a list', value, 'give an array')
  return value
}

/** A key in a time window: the key's bytes and 8 bytes of window start. The size isn't written, so the reader must know it, in ms. */
export function timeWindowed<K>(inner: Serde<K>, sizeMs: number): Serde<Windowed<K>> {
  return withTimes(inner, TIME, {
    read: (bytes, at) => {
      const start = readInt64(bytes, at)
      return { start, end: Math.min(start + sizeMs, Number.MAX_SAFE_INTEGER) }
    },
    write: ({ start }, into, at) => writeInt64(into, at, start),
  })
}

/** A key in a session: the key's bytes, 8 bytes of its end, 8 of its start. */
export function sessionWindowed<K>(inner: Serde<K>): Serde<Windowed<K>> {
  return withTimes(inner, 2 * TIME, {
    read: (bytes, at) => ({ start: readInt64(bytes, at + TIME), end: readInt64(bytes, at) }),
    write: ({ start, end }, into, at) => {
      writeInt64(into, at, end)
      writeInt64(into, at + TIME, start)
    },
  })
}

/** How a window stands behind its key. */
interface WindowLayout {
  read(bytes: Uint8Array, at: number): Window
  write(window: Window, into: Uint8Array, at: number): void
}

function withTimes<K>(inner: Serde<K>, size: number, layout: WindowLayout): Serde<Windowed<K>> {
  const keyLength = (bytes: Uint8Array, at: number, length: number): number => {
    if (length >= size) return length - size
    throw undecodable('a windowed key', bytes.subarray(at, at + length), `expected a key and ${size} bytes of its window`)
  }
  return {
    serialize: (value, context) => {
      const { key, window } = windowed(value)
      const keyBytes = inner.serialize(key, context)
      const bytes = new Uint8Array(keyBytes.length + size)
      bytes.set(keyBytes)
      layout.write(window, bytes, keyBytes.length)
      return bytes
    },
    deserialize: (bytes, context) => {
      const at = keyLength(bytes, 0, bytes.length)
      return { key: inner.deserialize(bytes.subarray(0, at), context), window: layout.read(bytes, at) }
    },
    ...(inner.read === undefined ? {} : { read: windowedReader(inner.read.bind(inner), keyLength, layout) }),
    ...(inner.write === undefined ? {} : { write: windowedWriter(inner.write.bind(inner), size, layout) }),
    borrows: inner.borrows ?? false,
    unhashedBytes: size,
  }
}

type Read<T> = NonNullable<Serde<T>['read']>
type Write<T> = NonNullable<Serde<T>['write']>

function windowedReader<K>(read: Read<K>, keyLength: Read<number>, layout: WindowLayout): Read<Windowed<K>> {
  return (bytes, at, length) => {
    const behind = keyLength(bytes, at, length)
    return { key: read(bytes, at, behind), window: layout.read(bytes, at + behind) }
  }
}

function windowedWriter<K>(write: Write<K>, size: number, layout: WindowLayout): Write<Windowed<K>> {
  return (value, into, at) => {
    const { key, window } = windowed(value)
    const length = write(key, into, at)
    if (length < 0 || into.length - at - length < size) return -1
    layout.write(window, into, at + length)
    return length + size
  }
}

function windowed<K>(value: Windowed<K>): Windowed<K> {
  if (typeof value?.window?.start !== 'number' || typeof value.window.end !== 'number') {
    throw unencodable('a windowed key', value, 'give { key, window: { start, end } }')
  }
  return value
}
