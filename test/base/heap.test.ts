import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { heap } from '../../src/base/heap.ts'

it('gives items back in order, whenever they were put in', () => {
  const steps = fc.array(fc.option(fc.integer()))
  fc.assert(
    fc.property(fc.array(fc.integer()), steps, (first, rest) => {
      const queue = heap<number>((a, b) => a - b, first)
      const naive = [...first]
      for (const step of rest) {
        naive.sort((a, b) => a - b)
        expect([queue.size, queue.peek()]).toEqual([naive.length, naive[0]])
        if (step === null) expect(queue.pop()).toBe(naive.shift())
        else {
          queue.push(step)
          naive.push(step)
        }
      }
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) },
  )
})

it('keeps its hands off the array it was made from', () => {
  const items = [3, 1, 2]
  const queue = heap<number>((a, b) => a - b, items)
  expect(queue.pop()).toBe(1)
  expect(items).toEqual([3, 1, 2])
})
