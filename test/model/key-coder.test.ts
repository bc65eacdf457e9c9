import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { murmur2 } from '../../src/base/murmur2.ts'
import type { PackedRows } from '../../src/base/packed-rows.ts'
import { KeyCoder } from '../../src/model/key-coder.ts'
import { CurrentRecord } from '../../src/model/record.ts'
import type { Serde } from '../../src/model/serde.ts'
import { serdes } from '../../src/model/serdes.ts'
import { untyped } from '../support/untyped.ts'
import { failure, numRuns } from './faces.ts'

/** A batch of one record whose key is these bytes, somewhere in it. */
function rowsOf(key: Uint8Array): PackedRows {
  const bytes = new Uint8Array(key.length + 5).fill(0xaa)
  bytes.set(key, 3)
  return {
    bytes,
    count: 1,
    keyAt: Int32Array.of(3),
    keyLength: Int32Array.of(key.length),
    valueAt: Int32Array.of(0),
    valueLength: Int32Array.of(-1),
  }
}

/** A coder of a task whose record in hand has been read from these bytes by the coder's serde. */
function coderOf<T>(
  serde: Serde<T>,
  source?: Uint8Array,
  sourceKey: unknown = source === undefined ? undefined : serde.deserialize(source),
): KeyCoder {
  const record = new CurrentRecord()
  if (source !== undefined) Object.assign(record, { rows: rowsOf(source), sourceKey, keyHash: murmur2(source, 0, source.length) })
  const erased: Serde<unknown> = untyped(serde)
  return new KeyCoder({ serde: erased, record, topic: 'topic', isSourceSerde: () => true })
}

const taken = (coder: KeyCoder, key: unknown): string => {
  coder.take(key)
  return toHex(coder.bytes.subarray(coder.at, coder.at + coder.length))
}

describe('a key', () => {
  it('is its serde’s bytes with their hash, whatever was taken before', () => {
    const coder = coderOf(serdes.string)
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 700 }), (key) => {
        const bytes = serdes.string.serialize(key)
        expect(taken(coder, key)).toBe(toHex(bytes))
        expect(coder.hash).toBe(murmur2(bytes, 0, bytes.length))
      }),
      { numRuns },
    )
  })

  it('that is null has no bytes', () => {
    const coder = coderOf(serdes.string)
    coder.take('k')
    for (const key of [null, undefined]) {
      coder.take(key)
      expect([coder.length, coder.hash]).toEqual([-1, 0])
    }
    expect(taken(coder, '')).toBe('')
    expect(coder.length).toBe(0)
  })

  it('in a window is hashed without its window', () => {
    const coder = coderOf(serdes.timeWindowed(serdes.string, 10))
    coder.take({ key: 'abc', window: { start: 7, end: 17 } })
    expect([coder.length, coder.hash]).toEqual([11, 479470107])
  })

  it('of a serde that only has plain methods sees the record’s headers, and must become bytes', () => {
    const seen: unknown[] = []
    const plain: Serde<string> = {
      serialize: (value, context) => (seen.push(context), untyped(value === '' ? 'text' : fromHex(value))),
      deserialize: (bytes) => toHex(bytes),
    }
    const coder = coderOf(plain)
    expect(taken(coder, '0102')).toBe('0102')
    expect(seen).toEqual([{ topic: 'topic', side: 'key', headers: [] }])
    expect(failure(() => coder.take(''))).toMatchObject({
      code: 'SERDE_ENCODE',
      message: `'text' is not bytes: the key serde of topic must answer a Uint8Array`,
    })
  })
})

describe('the source’s own key', () => {
  it('is not copied: its bytes are those of the batch', () => {
    const coder = coderOf(serdes.string, fromHex('616263'))
    expect(taken(coder, 'abc')).toBe('616263')
    expect([coder.at, coder.hash, coder.bytes.length]).toEqual([3, 479470107, 8])
    expect(taken(coder, 'abd')).toBe('616264')
    expect(coder.at).toBe(0)
    expect(taken(coder, 'abc')).toBe('616263')
  })

  it('is serialised where the source’s serde is another', () => {
    const record = new CurrentRecord()
    Object.assign(record, { rows: rowsOf(fromHex('ff')), sourceKey: 'abc' })
    const coder = new KeyCoder({ serde: untyped(serdes.string), record, topic: 'topic', isSourceSerde: () => false })
    expect(taken(coder, 'abc')).toBe('616263')
  })

  it('is serialised where its bytes may have been written otherwise, so that equal keys have equal bytes', () => {
    const text = (json: string): Uint8Array => new TextEncoder().encode(json)
    expect(taken(coderOf(serdes.json<string>(), text(String.raw` "\u00e9" `)), 'é')).toBe(toHex(text('"é"')))
    expect(taken(coderOf(serdes.stringLossy, fromHex('ff')), '\ufffd')).toBe('efbfbd')
    expect(taken(coderOf(serdes.double, fromHex('8000000000000000')), 0)).toBe('0000000000000000')
    const upper = text('6BA7B810-9DAD-11D1-80B4-00C04FD430C8')
    expect(taken(coderOf(serdes.uuid, upper), '6ba7b810-9dad-11d1-80b4-00c04fd430c8')).toBe(
      toHex(text('6ba7b810-9dad-11d1-80b4-00c04fd430c8')),
    )
  })

  it('is serialised when it is an object, which may have been changed', () => {
    const key = { id: 1 }
    const coder = coderOf<{ id: number }>({ ...serdes.json(), canonical: true }, new TextEncoder().encode('{"id":1}'), key)
    key.id = 2
    expect(taken(coder, key)).toBe(toHex(new TextEncoder().encode('{"id":2}')))
  })
})
