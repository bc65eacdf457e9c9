import * as zlib from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { StreamsError } from '../../src/base/errors.ts'
import { registerZlibCodecs } from '../../src/platform/zlib-codecs.ts'
import { compressionOf, type Codec } from '../../src/wire/compression.ts'

beforeAll(registerZlibCodecs)

const bytes = Uint8Array.from({ length: 50_000 }, (_, i) => (i * i) % 11)
const codecs: Codec[] = 'zstdDecompressSync' in zlib ? ['gzip', 'zstd'] : ['gzip']

const code = (f: () => unknown): string | undefined => {
  try {
    f()
  } catch (error) {
    return error instanceof StreamsError ? error.code : String(error)
  }
  return undefined
}

for (const codec of codecs) {
  describe(codec, () => {
    it('comes back as it was, up to the cap', () => {
      const { compress, decompress } = compressionOf(codec)
      const block = compress(bytes)
      expect(block.length).toBeLessThan(5000)
      expect(Buffer.compare(decompress(block, bytes.length), bytes)).toBe(0)
      expect(code(() => decompress(block, bytes.length - 1))).toBe('BATCH_TOO_LARGE')
    })

    it('caps a bomb', () => {
      const { compress, decompress } = compressionOf(codec)
      const bomb = compress(new Uint8Array(30_000_000))
      expect(bomb.length).toBeLessThan(100_000)
      expect(code(() => decompress(bomb, 1_000_000))).toBe('BATCH_TOO_LARGE')
    })

    it('refuses what is not its own, or is cut off', () => {
      const { compress, decompress } = compressionOf(codec)
      expect(code(() => decompress(bytes, 1_000_000))).toBe('RECORD_CORRUPT')
      const block = compress(bytes)
      expect(code(() => decompress(block.subarray(0, block.length - 9), 1_000_000))).toBe('RECORD_CORRUPT')
      expect(code(() => decompress(new Uint8Array(0), 1_000_000))).toBe('RECORD_CORRUPT')
    })
  })
}

it('leaves zstd out where Node has none', () => {
  expect(code(() => compressionOf('zstd'))).toBe(codecs.includes('zstd') ? undefined : 'CODEC_UNAVAILABLE')
})
