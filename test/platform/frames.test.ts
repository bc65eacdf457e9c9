import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../src/base/bytes.ts'
import { Frames } from '../../src/platform/frames.ts'
import { failure } from '../wire/reading.ts'

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 100)
const LIMIT = 1000

function framed(frame: Uint8Array): Uint8Array {
  const length = new Uint8Array(4)
  new DataView(length.buffer).setInt32(0, frame.length)
  return concatBytes(length, frame)
}

describe('frames', () => {
  it('are the same however the bytes arrive', () => {
    const frames = fc.array(fc.uint8Array({ minLength: 4, maxLength: 300 }), { maxLength: 6 })
    fc.assert(
      fc.property(frames, fc.array(fc.nat(200), { minLength: 1 }), (expected, cuts) => {
        const found: number[][] = []
        const reader = new Frames(LIMIT, (frame) => found.push([...frame]))
        const all = concatBytes(...expected.map(framed))
        // One buffer for all chunks, as a socket has.
        const chunk = new Uint8Array(201)
        for (let at = 0, i = 0; at < all.length; i++) {
          const length = Math.min(1 + cuts[i % cuts.length]!, all.length - at, chunk.length)
          chunk.fill(0xdd)
          chunk.set(all.subarray(at, at + length))
          reader.feed(chunk, length)
          at += length
        }
        expect(found).toEqual(expected.map((frame) => [...frame]))
      }),
      { numRuns },
    )
  })

  it('are handed out with their last byte, not with the next frame’s first', () => {
    let seen = 0
    const reader = new Frames(LIMIT, () => seen++)
    const bytes = framed(Uint8Array.of(1, 2, 3, 4, 5))
    reader.feed(bytes, bytes.length - 1)
    expect(seen).toBe(0)
    reader.feed(bytes.subarray(-1), 1)
    expect(seen).toBe(1)
  })

  it.each([-1, 0, 3, LIMIT + 1, 0x7f_ff_ff_ff])('are refused by their length of %i, before memory is taken for them', (length) => {
    const header = new Uint8Array(4)
    new DataView(header.buffer).setInt32(0, length)
    expect(failure(() => new Frames(LIMIT, () => undefined).feed(header, 4))).toMatchObject({
      code: 'RECORD_CORRUPT',
      message: expect.stringContaining(`claims ${length} bytes`),
    })
  })
})
