import { describe, expect, it } from 'vitest'
import { CODECS, compressionOf, registerCodec } from '../../src/wire/compression.ts'
import { failure } from './reading.ts'

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 7)

describe('compressionOf', () => {
  it('knows the codecs by Kafka’s numbers', () => expect(CODECS).toEqual(['none', 'gzip', 'snappy', 'lz4', 'zstd']))

  it('always has none, snappy and lz4', () => {
    for (const codec of ['none', 'snappy', 'lz4'] as const) {
      const { compress, decompress } = compressionOf(codec)
      expect(decompress(compress(bytes), 1000)).toEqual(bytes)
    }
  })

  it('says what to do about a codec that is not here', () => {
    expect(failure(() => compressionOf('zstd'))).toEqual({
      code: 'CODEC_UNAVAILABLE',
      message: expect.stringMatching(/zstd.*22\.15.*compression\.type/),
    })
    expect(failure(() => compressionOf('gzip'))).toEqual({ code: 'CODEC_UNAVAILABLE', message: expect.stringContaining('node:zlib') })
  })

  it('takes what is registered', () => {
    const reversed = { compress: (from: Uint8Array) => from.toReversed(), decompress: (from: Uint8Array) => from.toReversed() }
    registerCodec('zstd', reversed)
    expect(compressionOf('zstd')).toBe(reversed)
  })
})
