/** What every serde must hold to: its fast faces agree with the plain methods at any position, and the plain methods with each other. */
import { expect } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { StreamsError } from '../../src/base/errors.ts'
import type { Serde } from '../../src/model/serde.ts'

/** How many cases a property runs. */
export const numRuns: number = Number(process.env['FUZZ_RUNS'] ?? 100)

const PADDING = 0xaa

/** Writes and reads a value by both faces, between other bytes. */
export function expectFacesAgree<T>(serde: Serde<T>, value: T, before: number): void {
  const bytes = serde.serialize(value).slice()
  expect(serde.deserialize(bytes.slice())).toEqual(value)
  const among = new Uint8Array(before + bytes.length + 3).fill(PADDING)
  among.set(bytes, before)
  if (serde.read !== undefined) expect(serde.read(among, before, bytes.length)).toEqual(value)
  if (serde.write === undefined) return
  const into = new Uint8Array(among.length).fill(PADDING)
  expect(serde.write(value, into, before)).toBe(bytes.length)
  expect(toHex(into.subarray(0, before + bytes.length))).toBe(toHex(among.subarray(0, before + bytes.length)))
  expect(serde.write(value, new Uint8Array(before + bytes.length), before)).toBe(bytes.length)
  for (let missing = 1; missing <= Math.min(bytes.length, 3); missing++) {
    expect(serde.write(value, new Uint8Array(before + bytes.length - missing), before)).toBe(-1)
  }
}

/** Holds a serde to bytes that Java wrote, in both directions and both faces. */
export function expectJavaBytes<T>(serde: Serde<T>, vectors: readonly (readonly [value: T, hex: string])[]): void {
  for (const [value, hex] of vectors) {
    expect(toHex(serde.serialize(value))).toBe(hex)
    expect(serde.deserialize(fromHex(hex))).toEqual(value)
    expectFacesAgree(serde, value, 5)
  }
}

/** What `f` throws, as code, phase and message; undefined when it throws nothing. */
export function failure(f: () => unknown): { readonly code: string; readonly phase: unknown; readonly message: string } | undefined {
  try {
    f()
  } catch (error) {
    if (!(error instanceof StreamsError)) throw error
    return { code: error.code, phase: 'phase' in error ? error.phase : undefined, message: error.message }
  }
  return undefined
}

/** The error that writing a value brings, by either face; both must bring the same. */
export function refusal<T>(serde: Serde<T>, value: T): ReturnType<typeof failure> {
  const plain = failure(() => serde.serialize(value))
  if (serde.write !== undefined) expect(failure(() => serde.write?.(value, new Uint8Array(400), 0))).toEqual(plain)
  return plain
}

/** The error that reading bytes brings, by either face; both must bring the same. */
export function unreadable<T>(serde: Serde<T>, hex: string): ReturnType<typeof failure> {
  const bytes = fromHex(hex)
  const plain = failure(() => serde.deserialize(bytes))
  if (serde.read !== undefined) {
    const among = new Uint8Array(bytes.length + 4).fill(PADDING)
    among.set(bytes, 2)
    expect(failure(() => serde.read?.(among, 2, bytes.length))).toEqual(plain)
  }
  return plain
}
