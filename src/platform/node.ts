/**
 * Node's side of things: standard streams, the fast text codec and the compression codecs. It is imported when an application starts, so that
 * tests of the core and browsers never load it.
 */
import { registerTextCodec } from '../base/text.ts'
import { registerZlibCodecs } from './zlib-codecs.ts'

/** Writes a line to standard error. */
export function writeError(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** Writes a line to standard output. */
export function writeOut(line: string): void {
  process.stdout.write(`${line}\n`)
}

let registered = false

/** Registers, once a process, the platform's text and compression codecs; neither changes an answer. */
export function registerNode(): void {
  if (registered) return
  registered = true
  registerTextCodec({
    decode: (bytes, at, end) => view(bytes).utf8Slice(at, end),
    encode: (text, into, at) => {
      const room = into.length - at
      if (3 * text.length > room && Buffer.byteLength(text) > room) return -1
      return view(into).utf8Write(text, at)
    },
  })
  registerZlibCodecs()
}

interface SlicingBuffer extends Buffer {
  utf8Slice(start: number, end: number): string
  utf8Write(text: string, at: number): number
}

let lastBytes: Uint8Array | undefined
let lastView: SlicingBuffer | undefined

/** The bytes as a Buffer over the same memory; batches are read many records at a time, so the last one is kept. */
function view(bytes: Uint8Array): SlicingBuffer {
  if (bytes !== lastBytes || lastView === undefined) {
    lastBytes = bytes
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Node's Buffer has both methods; its types leave them out
    lastView = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as SlicingBuffer
  }
  return lastView
}
