/** Strings out of bytes and back: keys of 14 bytes and values of 88, by our own functions and by the platform's. */
import { decodeText, encodeText } from '../../src/base/text.ts'
import { keys, RECORDS, values } from './orders.ts'
import { perRecord } from './per-record.ts'

const decoder = new TextDecoder()
const encoder = new TextEncoder()
const into = new Uint8Array(200)

function reading(from: readonly Uint8Array[], read: (bytes: Uint8Array) => string): () => number {
  return () => {
    let length = 0
    for (let i = 0; i < RECORDS; i++) length += read(from[i]!).length
    return length
  }
}

function writing(from: readonly Uint8Array[], write: (text: string) => number): () => number {
  const texts = from.map((bytes) => decoder.decode(bytes))
  return () => {
    let length = 0
    for (let i = 0; i < RECORDS; i++) length += write(texts[i]!)
    return length
  }
}

await perRecord(RECORDS, {
  'decodeText, 14 bytes': reading(keys, (bytes) => decodeText(bytes, 0, bytes.length)),
  'TextDecoder, 14 bytes': reading(keys, (bytes) => decoder.decode(bytes)),
  'decodeText, 88 bytes': reading(values, (bytes) => decodeText(bytes, 0, bytes.length)),
  'encodeText, 14 bytes': writing(keys, (text) => encodeText(text, into, 0)),
  'TextEncoder, 14 bytes': writing(keys, (text) => encoder.encodeInto(text, into).written),
  'encodeText, 88 bytes': writing(values, (text) => encodeText(text, into, 0)),
})
