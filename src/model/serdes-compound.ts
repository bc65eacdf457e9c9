/** Serdes around other serdes: lists, and windowed keys as they stand in topics (Kafka's ListSerializer and TimeWindowed-, SessionWindowedSerializer). */
import { readInt32, readInt64, writeInt32, writeInt64 } from '../base/bytes.ts'
import type { Serde } from './serde.ts'
import { undecodable } from './serde-error.ts'
import type { Windowed } from './window.ts'

const CONSTANT_SIZE = 0
const VARIABLE_SIZE = 1
const TIME = 8

/** A list; entries may be null. One byte says whether entries have a fixed size; then their positions of nulls, else a length each. */
export function list<T>(inner: Serde<T>): Serde<(T | null)[]> {
  return inner.fixedBytes === undefined ? variableList(inner) : constantList(inner, inner.fixedBytes)
}

function variableList<T>(inner: Serde<T>): Serde<(T | null)[]> {
  return {
    serialize: (value, context) => {
      const entries = value.map((entry) => (entry === null ? null : inner.serialize(entry, context)))
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
      if (bytes.length < 5 || bytes[0] !== VARIABLE_SIZE) throw undecodable('a list', bytes, 'expected 01 and a count')
      const count = readInt32(bytes, 1)
      const value: (T | null)[] = []
      let at = 5
      for (let i = 0; i < count; i++) {
        const length = at + 4 <= bytes.length ? readInt32(bytes, at) : Number.NaN
        at += 4
        if (!(length >= -1) || at + length > bytes.length) throw undecodable('a list', bytes, `entry ${i} of ${count} is cut off`)
        value.push(length < 0 ? null : inner.deserialize(bytes.subarray(at, at + length), context))
        at += Math.max(0, length)
      }
      return value
    },
  }
}

function constantList<T>(inner: Serde<T>, size: number): Serde<(T | null)[]> {
  return {
    serialize: (value, context) => {
      const nulls = value.flatMap((entry, index) => (entry === null ? [index] : []))
      const bytes = new Uint8Array(9 + 4 * nulls.length + size * (value.length - nulls.length))
      bytes[0] = CONSTANT_SIZE
      writeInt32(bytes, 1, nulls.length)
      for (const [i, index] of nulls.entries()) writeInt32(bytes, 5 + 4 * i, index)
      let at = 5 + 4 * nulls.length
      writeInt32(bytes, at, value.length)
      at += 4
      for (const entry of value) {
        if (entry === null) continue
        bytes.set(inner.serialize(entry, context), at)
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
      if (count < nullCount || start + 4 + size * (count - nullCount) !== bytes.length) throw undecodable('a list', bytes, `expected ${count} entries of ${size}`)
      let at = start + 4
      return Array.from({ length: count }, (_, index) => {
        if (nulls.has(index)) return null
        at += size
        return inner.deserialize(bytes.subarray(at - size, at), context)
      })
    },
  }
}

/** A key in a time window: the key's bytes and 8 bytes of window start. The size isn't written, so the reader must know it, in ms. */
export function timeWindowed<K>(inner: Serde<K>, sizeMs: number): Serde<Windowed<K>> {
  return {
    serialize: ({ key, window }, context) => withTimes(inner.serialize(key, context), window.start),
    deserialize: (bytes, context) => {
      if (bytes.length < TIME) throw undecodable('a windowed key', bytes, 'expected a key and 8 bytes of window start')
      const start = readInt64(bytes, bytes.length - TIME)
      const end = Math.min(start + sizeMs, Number.MAX_SAFE_INTEGER)
      return { key: inner.deserialize(bytes.subarray(0, bytes.length - TIME), context), window: { start, end } }
    },
    unhashedBytes: TIME,
  }
}

/** A key in a session: the key's bytes, 8 bytes of its end, 8 of its start. */
export function sessionWindowed<K>(inner: Serde<K>): Serde<Windowed<K>> {
  return {
    serialize: ({ key, window }, context) => withTimes(inner.serialize(key, context), window.end, window.start),
    deserialize: (bytes, context) => {
      const at = bytes.length - 2 * TIME
      if (at < 0) throw undecodable('a session key', bytes, 'expected a key, 8 bytes of end and 8 of start')
      return { key: inner.deserialize(bytes.subarray(0, at), context), window: { start: readInt64(bytes, at + TIME), end: readInt64(bytes, at) } }
    },
    unhashedBytes: 2 * TIME,
  }
}

function withTimes(key: Uint8Array, ...times: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(key.length + TIME * times.length)
  bytes.set(key)
  for (const [i, time] of times.entries()) writeInt64(bytes, key.length + TIME * i, time)
  return bytes
}
