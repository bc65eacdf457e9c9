import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { StreamsError } from '../../src/base/errors.ts'
import * as text from '../../src/base/text.ts'

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 100)
const ascii = fc.string({ unit: 'binary-ascii', maxLength: 60 })
const unicode = fc.oneof(
  ascii,
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('\ufefföre', 'ÿ', '\ufffd', '😀', 'a😀'.repeat(20)),
)
/** Any UTF-16, lone surrogates among it. */
const anyUtf16 = fc.array(fc.integer({ min: 0xd700, max: 0xe010 }), { maxLength: 6 }).map((units) => String.fromCharCode(...units))

const code = (f: () => unknown): string | undefined => {
  try {
    f()
  } catch (error) {
    return error instanceof StreamsError ? error.code : String(error)
  }
  return undefined
}

describe('decodeText', () => {
  it('reads a range as Buffer does, for any text', () => {
    fc.assert(
      fc.property(unicode, unicode, (before, middle) => {
        const bytes = Buffer.from(before + middle + before)
        const at = Buffer.byteLength(before)
        const end = at + Buffer.byteLength(middle)
        expect(text.decodeText(bytes, at, end)).toBe(middle)
        expect(text.decodeTextStrict(bytes, at, end)).toBe(middle)
      }),
      { numRuns },
    )
  })

  it('reads every length around the short ones', () => {
    const bytes = Buffer.from('abcdefghijklmnopqrstuvwxyz')
    for (let length = 0; length <= 20; length++)
      expect(text.decodeText(bytes, 1, 1 + length)).toBe('bcdefghijklmnopqrstuvwxyz'.slice(0, length))
  })

  it('replaces what is malformed, and the strict one refuses exactly that', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
        const read = Buffer.from(bytes).toString('utf8')
        expect(text.decodeText(bytes, 0, bytes.length)).toBe(read)
        const wellFormed = Buffer.from(read).equals(bytes)
        expect(code(() => text.decodeTextStrict(bytes, 0, bytes.length))).toBe(wellFormed ? undefined : 'SERDE_DECODE')
      }),
      { numRuns },
    )
  })
})

describe('encodeText', () => {
  it('writes as Buffer does, and says −1 when one byte is missing', () => {
    fc.assert(
      fc.property(fc.oneof(unicode, anyUtf16), fc.nat(5), (value, at) => {
        const expected = Buffer.from(value)
        const into = new Uint8Array(at + expected.length)
        expect(text.encodeText(value, into, at)).toBe(expected.length)
        expect(Buffer.from(into.subarray(at))).toEqual(expected)
        expect(Buffer.from(text.utf8(value))).toEqual(expected)
        expect(text.utf8Length(value)).toBe(expected.length)
        if (expected.length > 0) expect(text.encodeText(value, into, at + 1)).toBe(-1)
      }),
      { numRuns },
    )
  })

  it('refuses lone surrogates in its strict form, and nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(unicode, anyUtf16), (value) => {
        const refusal = /\p{Surrogate}/u.test(value) ? 'SERDE_ENCODE' : undefined
        expect(code(() => text.encodeTextStrict(value, new Uint8Array(400), 0))).toBe(refusal)
        expect(code(() => text.utf8Strict(value))).toBe(refusal)
      }),
      { numRuns },
    )
  })
})

describe('registerTextCodec', () => {
  let original: text.TextCodec | undefined
  afterEach(() => {
    if (original !== undefined) text.registerTextCodec(original)
  })

  it('is asked for what is long or not ASCII, and gives the one before back', () => {
    const asked: string[] = []
    original = text.registerTextCodec({
      decode: (bytes, at, end) => {
        asked.push('decode')
        return Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString('utf8')
      },
      encode: (value, into, at) => {
        asked.push('encode')
        into.set(Buffer.from(value), at)
        return Buffer.byteLength(value)
      },
    })
    const into = new Uint8Array(100)
    for (const value of ['short', 'ö', 'x'.repeat(40)]) {
      const end = text.encodeText(value, into, 0)
      expect(text.decodeText(into, 0, end)).toBe(value)
    }
    expect(asked).toEqual(['encode', 'decode', 'encode', 'decode'])
  })
})
