/**
 * The codecs that need `node:zlib`: gzip, and zstd where this Node has it (22.15 and later). Output is capped by zlib itself. Without zstd
 * the codec stays unregistered, and a batch that needs it is refused by `wire/compression`, which says what to do.
 */
import * as zlib from 'node:zlib'
import { ClusterError } from '../base/errors.ts'
import { registerCodec, type Compression } from '../wire/compression.ts'

/** Registers gzip, and zstd if there is one, for this process. */
export function registerZlibCodecs(): void {
  registerCodec('gzip', codec('gzip', zlib.gzipSync, zlib.gunzipSync))
  if (hasZstd(zlib)) registerCodec('zstd', codec('zstd', zlib.zstdCompressSync, zlib.zstdDecompressSync))
}

type Compress = (bytes: Uint8Array) => Uint8Array
type Decompress = (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array

/** What newer versions of `node:zlib` have besides; the types of Node 20 don't say so. */
interface Zstd {
  readonly zstdCompressSync: Compress
  readonly zstdDecompressSync: Decompress
}

function hasZstd(module: object): module is Zstd {
  return 'zstdCompressSync' in module && 'zstdDecompressSync' in module
}

function codec(name: string, compress: Compress, decompress: Decompress): Compression {
  return {
    compress: (bytes) => compress(bytes),
    decompress: (bytes, maxBytes) => {
      try {
        return decompress(bytes, { maxOutputLength: maxBytes })
      } catch (cause) {
        if (isTooLarge(cause)) {
          throw new ClusterError(
            'BATCH_TOO_LARGE',
            `the ${name} block has more than ${maxBytes} bytes inside: raise the limit, or write smaller batches`,
            { cause },
          )
        }
        throw new ClusterError('RECORD_CORRUPT', `the records are no ${name} block: ${String(cause)}`, { cause })
      }
    },
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
}
