import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CODE } from '../../src/memory/codes.ts'
import { ProducerStates } from '../../src/memory/producers.ts'
import { readHeader, type BatchHeader } from '../../src/wire/batch-reader.ts'
import { markerBatch } from '../../src/wire/control.ts'
import { sequenced } from './world.ts'

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 100)
const DAY = 86_400_000

function headerOf(baseSequence: number, count = 1, producer: { readonly id?: number; readonly epoch?: number } = {}): BatchHeader {
  const batch = sequenced(baseSequence, count, producer)
  return readHeader(batch, 0, batch.length)!
}

/** Checks a batch and remembers it when it is taken. */
function write(states: ProducerStates, header: BatchHeader, offset: number, now = 0): number {
  const { errorCode, duplicateOf } = states.check(header, now)
  if (errorCode === CODE.NONE && duplicateOf === undefined) states.appended(header, offset, now)
  return errorCode
}

describe('ProducerStates', () => {
  it('takes any first sequence of a producer that it knows nothing of', () => {
    expect(new ProducerStates().check(headerOf(41), 0)).toEqual({ errorCode: CODE.NONE })
  })

  it('answers the old offset for each of the last five batches, and refuses older ones', () => {
    const states = new ProducerStates()
    for (let i = 0; i < 6; i++) expect(write(states, headerOf(i * 2, 2), i * 2)).toBe(CODE.NONE)
    for (let i = 1; i < 6; i++) expect(states.check(headerOf(i * 2, 2), 0)).toEqual({ errorCode: CODE.NONE, duplicateOf: i * 2 })
    expect(states.check(headerOf(0, 2), 0).errorCode).toBe(CODE.OUT_OF_ORDER_SEQUENCE_NUMBER)
  })

  it('refuses a gap, and another batch under a used sequence', () => {
    const states = new ProducerStates()
    write(states, headerOf(0, 3), 0)
    expect(states.check(headerOf(4), 0).errorCode).toBe(CODE.OUT_OF_ORDER_SEQUENCE_NUMBER)
    expect(states.check(headerOf(0, 2), 0).errorCode).toBe(CODE.OUT_OF_ORDER_SEQUENCE_NUMBER)
    expect(states.check(headerOf(3), 0).errorCode).toBe(CODE.NONE)
  })

  it('counts on from 0 behind 2^31 − 1, within a batch and between batches', () => {
    const states = new ProducerStates()
    expect(write(states, headerOf(2 ** 31 - 2, 3), 0)).toBe(CODE.NONE)
    expect(write(states, headerOf(1, 1), 3)).toBe(CODE.NONE)
    expect(states.check(headerOf(2 ** 31 - 2, 3), 0)).toEqual({ errorCode: CODE.NONE, duplicateOf: 0 })
  })

  it('takes a newer epoch only from sequence 0 on, and then refuses the old one', () => {
    const states = new ProducerStates()
    write(states, headerOf(0, 5), 0)
    expect(states.check(headerOf(5, 1, { epoch: 1 }), 0).errorCode).toBe(CODE.OUT_OF_ORDER_SEQUENCE_NUMBER)
    expect(write(states, headerOf(0, 1, { epoch: 1 }), 5)).toBe(CODE.NONE)
    expect(states.check(headerOf(5), 0).errorCode).toBe(CODE.INVALID_PRODUCER_EPOCH)
  })

  it('goes on behind a marker, from 0 where the marker has a newer epoch', () => {
    const states = new ProducerStates()
    const marked = (producerEpoch: number): void => {
      const marker = markerBatch({ producerId: 7, producerEpoch, verdict: 'commit', coordinatorEpoch: 0, timestamp: 0 })
      const header = readHeader(marker, 0, marker.length)!
      expect(states.check(header, 0)).toEqual({ errorCode: CODE.NONE })
      states.appended(header, 9, 0)
    }
    marked(0)
    expect(states.size).toBe(0)
    write(states, headerOf(0, 2), 0)
    marked(0)
    expect(write(states, headerOf(2), 3)).toBe(CODE.NONE)
    marked(1)
    expect(write(states, headerOf(3), 5)).toBe(CODE.INVALID_PRODUCER_EPOCH)
    expect(write(states, headerOf(0, 1, { epoch: 1 }), 5)).toBe(CODE.NONE)
  })

  it('forgets who wrote nothing for a day', () => {
    const states = new ProducerStates()
    write(states, headerOf(0), 0, 0)
    write(states, headerOf(0, 1, { id: 8 }), 1, DAY / 2)
    expect(states.check(headerOf(9), DAY).errorCode).toBe(CODE.NONE)
    expect(states.check(headerOf(9, 1, { id: 8 }), DAY).errorCode).toBe(CODE.OUT_OF_ORDER_SEQUENCE_NUMBER)
    expect(states.size).toBe(1)
  })

  it('forgets batches that the log lost', () => {
    const states = new ProducerStates()
    write(states, headerOf(0), 0)
    write(states, headerOf(1), 1)
    states.loseFrom(1)
    expect(states.check(headerOf(1), 0)).toEqual({ errorCode: CODE.NONE })
    states.loseFrom(0)
    expect(states.size).toBe(0)
  })

  it('remembers nothing of batches without a producer id', () => {
    const states = new ProducerStates()
    write(states, headerOf(-1, 1, { id: -1, epoch: -1 }), 0)
    expect(states.size).toBe(0)
  })

  it('lets each batch into the log once and in order, however often and late it is sent again', () => {
    const sends = fc.array(fc.record({ back: fc.nat(8), again: fc.boolean() }), { maxLength: 60 })
    fc.assert(
      fc.property(sends, fc.constantFrom(0, 2 ** 31 - 5), (list, first) => {
        const states = new ProducerStates()
        const log: number[] = []
        for (const { back, again } of list) {
          const n = again ? Math.max(0, log.length - 1 - back) : log.length
          const header = headerOf((first + n) % 2 ** 31)
          const { errorCode, duplicateOf } = states.check(header, 0)
          if (errorCode !== CODE.NONE) {
            expect(n).toBeLessThan(log.length - 5)
            continue
          }
          if (duplicateOf !== undefined) {
            expect([duplicateOf, n >= log.length - 5]).toEqual([n, true])
            continue
          }
          states.appended(header, log.length, 0)
          log.push(n)
        }
        expect(log).toEqual(log.map((_, i) => i))
      }),
      { numRuns },
    )
  })
})
