import { expect, it } from 'vitest'
import { xxh32 } from '../../src/wire/xxh32.ts'

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

it('gives the known values of XXH32 with seed 0', () => {
  expect(xxh32(ascii(''))).toBe(0x02cc5d05)
  expect(xxh32(ascii('a'))).toBe(0x550d7456)
  expect(xxh32(ascii('abc'))).toBe(0x32d153ff)
  expect(xxh32(ascii('Nobody inspects the spammish repetition'))).toBe(0xe2293b2f)
})
