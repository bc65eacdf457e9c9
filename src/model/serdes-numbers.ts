/** Serdes of numbers: Java's bytes, big-endian two's complement and IEEE 754. A number that doesn't fit is an error, never a wrong number. */
import { readInt16, readInt32, readInt64, writeInt16, writeInt32, writeInt64 } from '../base/bytes.ts'
import { SerdeError } from '../base/errors.ts'
import type { Serde } from './serde.ts'
import { undecodable, unencodable } from './serde-error.ts'

/** How a number of a fixed size is checked, read and written. */
interface FixedNumber<T> {
  readonly type: string
  readonly size: number
  /** Left out: true. False where 0 and -0 are one value and two forms of bytes. */
  readonly canonical?: boolean
  /** True: lists write the length of each nonetheless, as Java's do. */
  readonly sizedInLists?: boolean
  check(value: T): void
  read(bytes: Uint8Array, at: number): T
  write(into: Uint8Array, at: number, value: T): void
}

function fixed<T>(number: FixedNumber<T>): Serde<T> {
  const { type, size } = number
  const read = (bytes: Uint8Array, at: number, length: number): T => {
    if (length !== size) throw undecodable(type, bytes.subarray(at, at + length), `expected ${size} byte${size === 1 ? '' : 's'}`)
    return number.read(bytes, at)
  }
  const write = (value: T, into: Uint8Array, at: number): number => {
    number.check(value)
    if (into.length - at < size) return -1
    number.write(into, at, value)
    return size
  }
  return {
    serialize: (value) => {
      const bytes = new Uint8Array(size)
      write(value, bytes, 0)
      return bytes
    },
    deserialize: (bytes) => read(bytes, 0, bytes.length),
    read,
    write,
    canonical: number.canonical ?? true,
    ...(number.sizedInLists === true ? {} : { fixedBytes: size }),
  }
}

function whole(type: string, min: number, max: number, advice: string): (value: number) => void {
  return (value) => {
    if (!Number.isInteger(value) || value < min || value > max) throw unencodable(type, value, advice)
  }
}

function readBigint(bytes: Uint8Array, at: number): bigint {
  return (BigInt(readInt32(bytes, at)) << 32n) | BigInt(readInt32(bytes, at + 4) >>> 0)
}

const scratch = new DataView(new ArrayBuffer(8))

/** int16, 2 bytes. */
export const short: Serde<number> = fixed<number>({
  type: 'a short',
  size: 2,
  check: whole('a short', -(2 ** 15), 2 ** 15 - 1, 'give a whole number from −32,768 to 32,767'),
  read: readInt16,
  write: writeInt16,
})

/** int32, 4 bytes. */
export const integer: Serde<number> = fixed<number>({
  type: 'an integer',
  size: 4,
  check: whole('an integer', -(2 ** 31), 2 ** 31 - 1, 'give a whole number of 32 bits, or use serdes.long'),
  read: readInt32,
  write: writeInt32,
})

/** int64 as a number, 8 bytes; an error outside the safe range. */
export const long: Serde<number> = fixed<number>({
  type: 'a long',
  size: 8,
  check: (value) => {
    if (!Number.isSafeInteger(value)) {
      const outside = typeof value === 'number' && Number.isInteger(value)
      throw unencodable(
        'a long',
        value,
        'give a whole number below 2^53, or use serdes.bigint',
        outside ? 'SERDE_UNSAFE_INTEGER' : 'SERDE_ENCODE',
      )
    }
  },
  read: (bytes, at) => {
    const value = readInt64(bytes, at)
    if (Number.isSafeInteger(value)) return value
    throw new SerdeError(
      'SERDE_UNSAFE_INTEGER',
      `${readBigint(bytes, at)} can't be read as a number, which is exact below 2^53 only: use serdes.bigint`,
      {
        phase: 'deserialization',
      },
    )
  },
  write: writeInt64,
})

/** int64 as a bigint, 8 bytes. */
export const bigint: Serde<bigint> = fixed<bigint>({
  type: 'a bigint of 64 bits',
  size: 8,
  check: (value) => {
    if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value)
      throw unencodable('a bigint of 64 bits', value, 'give a bigint from −2^63 to 2^63 − 1')
  },
  read: readBigint,
  write: (into, at, value) => {
    writeInt32(into, at, Number(BigInt.asIntN(32, value >> 32n)))
    writeInt32(into, at + 4, Number(BigInt.asIntN(32, value)))
  },
})

/** IEEE 754, 4 bytes; rounds to the nearest, and refuses what would round to infinity. */
export const float: Serde<number> = fixed<number>({
  type: 'a float',
  canonical: false,
  size: 4,
  check: (value) => {
    if (typeof value !== 'number') throw unencodable('a float', value, 'give a number')
    if (Number.isFinite(value) && !Number.isFinite(Math.fround(value)))
      throw unencodable('a float', value, 'give a number below 2^128, or use serdes.double')
  },
  read: (bytes, at) => {
    scratch.setInt32(0, readInt32(bytes, at))
    return scratch.getFloat32(0)
  },
  write: (into, at, value) => {
    scratch.setFloat32(0, value)
    writeInt32(into, at, scratch.getInt32(0))
  },
})

/** IEEE 754, 8 bytes. */
export const double: Serde<number> = fixed<number>({
  type: 'a double',
  canonical: false,
  size: 8,
  check: (value) => {
    if (typeof value !== 'number') throw unencodable('a double', value, 'give a number')
  },
  read: (bytes, at) => {
    scratch.setInt32(0, readInt32(bytes, at))
    scratch.setInt32(4, readInt32(bytes, at + 4))
    return scratch.getFloat64(0)
  },
  write: (into, at, value) => {
    scratch.setFloat64(0, value)
    writeInt32(into, at, scratch.getInt32(0))
    writeInt32(into, at + 4, scratch.getInt32(4))
  },
})

/** One byte: 0 is false, 1 is true. */
export const boolean: Serde<boolean> = fixed<boolean>({
  type: 'a boolean',
  size: 1,
  sizedInLists: true,
  check: (value) => {
    if (typeof value !== 'boolean') throw unencodable('a boolean', value, 'give true or false')
  },
  read: (bytes, at) => {
    const byte = bytes[at]
    if (byte !== 0 && byte !== 1) throw undecodable('a boolean', bytes.subarray(at, at + 1), 'expected 00 or 01')
    return byte === 1
  },
  write: (into, at, value) => {
    into[at] = value ? 1 : 0
  },
})
