import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { WriteLog } from '../../src/state/write-log.ts'

/** The slots that count, in order. */
function slotsOf(log: WriteLog): number[] {
  return Array.from({ length: log.length }, (_, position) => log.at(position)).filter((slot) => slot >= 0)
}

test('emission order is the order of last write', () => {
  const log = new WriteLog()
  for (const slot of [3, 1, 2, 3, 1, 1]) log.append(slot)
  expect(slotsOf(log)).toEqual([2, 3, 1])
  expect(log.count).toBe(3)
})

test('it is a list from which a slot is taken before it is put at the end', () => {
  const operation = fc.oneof(
    { weight: 20, arbitrary: fc.record({ append: fc.nat(5000) }) },
    { weight: 4, arbitrary: fc.record({ remove: fc.nat(50) }) },
    { weight: 4, arbitrary: fc.record({ append: fc.nat(3), times: fc.integer({ min: 1, max: 900 }) }) },
    { weight: 1, arbitrary: fc.record({ clear: fc.constant(true) }) },
  )
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60, size: 'max' }), (operations) => {
      const log = new WriteLog()
      let list: number[] = []
      const append = (slot: number): void => {
        log.append(slot)
        list = [...list.filter((other) => other !== slot), slot]
      }
      for (const step of operations) {
        if ('clear' in step) {
          log.clear()
          list = []
        } else if ('remove' in step) {
          log.remove(step.remove)
          list = list.filter((slot) => slot !== step.remove)
        } else if ('times' in step) {
          for (let i = 0; i < step.times; i++) append(step.append + (i % 2))
        } else append(step.append)
        expect(log.count).toBe(list.length)
      }
      expect(slotsOf(log)).toEqual(list)
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) },
  )
})

test('it stays short when few slots are written often', () => {
  const log = new WriteLog()
  for (let i = 0; i < 100_000; i++) log.append(i % 10)
  expect(log.length).toBeLessThanOrEqual(1024)
  expect(slotsOf(log)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('it grows when all that is in it counts', () => {
  const log = new WriteLog()
  for (let slot = 0; slot < 5000; slot++) log.append(4999 - slot)
  expect(slotsOf(log)).toEqual(Array.from({ length: 5000 }, (_, i) => 4999 - i))
})

test('a slot written again right away takes no room', () => {
  const log = new WriteLog()
  for (let i = 0; i < 10; i++) log.append(7)
  expect([log.length, log.count]).toEqual([1, 1])
})

test('positions stay while somebody walks over it, and it is compacted again after it was cleared', () => {
  const log = new WriteLog()
  log.append(1)
  log.append(2)
  log.held = true
  for (let i = 0; i < 3000; i++) log.append(3 + (i % 2))
  expect([log.at(0), log.at(1), log.length]).toEqual([1, 2, 3002])
  log.clear()
  expect([log.length, log.count, log.held]).toEqual([0, 0, false])
  for (let i = 0; i < 100_000; i++) log.append(i % 2)
  expect(log.length).toBeLessThanOrEqual(4096)
})
