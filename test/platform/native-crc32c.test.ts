import { afterEach, describe, expect, it } from 'vitest'
import { crc32c, crc32cBytewise, registerCrc32c } from '../../src/base/crc32c.ts'
import { registerNativeCrc32c } from '../../src/platform/native-crc32c.ts'

afterEach(() => registerCrc32c(undefined))

describe('the native checksum', () => {
  it('is there, and answers as the definition at every length and alignment', () => {
    expect(registerNativeCrc32c()).toBe(true)
    const bytes = Uint8Array.from({ length: 3_000 }, (_, i) => (i * 7_919) >> 3)
    for (const end of [0, 1, 511, 512, 513, 1_000, 3_000])
      for (const at of [0, 1, 2, 3, 5, 21].filter((from) => from <= end))
        expect(crc32c(bytes, at, end)).toBe(crc32cBytewise(bytes, at, end))
    expect(crc32c(new TextEncoder().encode('123456789'.repeat(100)))).toBe(
      crc32cBytewise(new TextEncoder().encode('123456789'.repeat(100))),
    )
  })

  it('is asked for what is long only', () => {
    let asked = 0
    const twin = (part: Uint8Array): number => {
      asked++
      return crc32cBytewise(part)
    }
    expect(registerNativeCrc32c(() => ({ crc32c: twin }))).toBe(true)
    asked = 0
    crc32c(new Uint8Array(100))
    expect(asked).toBe(0)
    expect(crc32c(new Uint8Array(1_000), 3)).toBe(crc32cBytewise(new Uint8Array(997)))
    expect(asked).toBe(1)
  })

  it('is left out when it is missing, is something else, or answers wrongly', () => {
    const missing = (): never => {
      throw new Error('Cannot find module')
    }
    for (const load of [missing, () => undefined, () => ({}), () => ({ crc32c: 1 }), () => ({ crc32c: () => 7 })]) {
      expect(registerNativeCrc32c(load)).toBe(false)
      expect(crc32c(new Uint8Array(1_000))).toBe(crc32cBytewise(new Uint8Array(1_000)))
    }
  })
})
