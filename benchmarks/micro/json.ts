/** JSON in and out: values of 88 bytes in one array, as in a fetched batch, by the serde and by `JSON.parse` and `JSON.stringify` with the platform's UTF-8. */
import { json } from '../../src/model/serdes-json.ts'
import { registerNode } from '../../src/platform/node.ts'
import { RECORDS, values } from './orders.ts'
import { perRecord } from './per-record.ts'

registerNode()
const decoder = new TextDecoder()
const into = Buffer.alloc(1_000)
const objects: unknown[] = values.map((bytes) => JSON.parse(decoder.decode(bytes)))
const batch = Buffer.concat(values)
const bytes = new Uint8Array(batch.buffer, batch.byteOffset, batch.length)
let end = 0
const ends = values.map(({ length }) => (end += length))
const serde = json<unknown>()

function reading(parse: (record: number) => unknown): () => number {
  return () => {
    let found = 0
    for (let i = 0; i < RECORDS; i++) found += parse(i) === null ? 0 : 1
    return found
  }
}

function writing(stringify: (value: unknown) => number): () => number {
  return () => {
    let length = 0
    for (let i = 0; i < RECORDS; i++) length += stringify(objects[i])
    return length
  }
}

await perRecord(RECORDS, {
  'json().read': reading((i) => serde.read?.(bytes, ends[i]! - values[i]!.length, values[i]!.length)),
  'JSON.parse of utf8Slice': reading((i): unknown => JSON.parse(batch.toString('utf8', ends[i]! - values[i]!.length, ends[i]))),
  'json().write': writing((value) => serde.write?.(value, into, 0) ?? 0),
  'JSON.stringify and utf8Write': writing((value) => into.write(JSON.stringify(value))),
})
