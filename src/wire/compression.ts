/**
 * The codecs of record batches, by Kafka's numbers. Snappy and LZ4 are our own and always there; gzip and zstd need the platform, which
 * registers them once per process (an answer-neutral registration: a codec that is there always gives the same bytes back). What comes out
 * is capped, so that a small batch cannot claim all memory.
 */
import { ClusterError } from '../base/errors.ts'
import { lz4Compress, lz4Decompress } from './lz4.ts'
import { snappyCompress, snappyDecompress } from './snappy.ts'

/** The codecs a batch may name, in the order of their numbers. */
export const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

/** A codec of record batches. */
export type Codec = (typeof CODECS)[number]

/**
 * Both directions of a codec. `decompress` throws `BATCH_TOO_LARGE` before it makes more than `maxBytes`, `RECORD_CORRUPT` on bytes that
 * aren't its own.
 */
export interface Compression {
  readonly compress: (bytes: Uint8Array) => Uint8Array
  readonly decompress: (bytes: Uint8Array, maxBytes: number) => Uint8Array
}

/** The most bytes a batch may decompress to, unless the caller says otherwise: 64 MiB. */
export const MAX_BATCH_BYTES: number = 64 * 1024 * 1024

const registry = new Map<Codec, Compression>([
  ['none', { compress: (bytes) => bytes, decompress: (bytes) => bytes }],
  ['snappy', { compress: snappyCompress, decompress: snappyDecompress }],
  ['lz4', { compress: lz4Compress, decompress: lz4Decompress }],
])

/** Makes a codec known to this process. */
export function registerCodec(codec: Codec, compression: Compression): void {
  registry.set(codec, compression)
}

/** The codec's two directions. Throws `CODEC_UNAVAILABLE` when nothing on this platform has it. */
export function compressionOf(codec: Codec): Compression {
  const found = registry.get(codec)
  if (found !== undefined) return found
  throw new ClusterError('CODEC_UNAVAILABLE', `the codec ${codec} is not available here: ${REMEDY[codec] ?? 'use another codec'}`)
}

const REMEDY: Partial<Record<Codec, string>> = {
  gzip: 'it comes from node:zlib; load the Node platform first',
  zstd: 'node:zlib has it from Node 22.15 on; use a newer Node, or set compression.type of the topic to lz4, snappy or gzip',
}
