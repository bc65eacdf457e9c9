import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Recency } from '../../src/state/recency.ts'

test('knows what was used least recently, as a list does', () => {
  const step = fc.oneof(
    fc.record({ call: fc.constant('use' as const), slot: fc.nat(200) }),
    fc.record({ call: fc.constant('remove' as const), slot: fc.nat(200) }),
    fc.record({ call: fc.constant('clear' as const), slot: fc.constant(0) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (steps, most) => {
      const recency = new Recency(most)
      let list: number[] = []
      for (const { call, slot } of steps) {
        recency[call](slot)
        list = call === 'clear' ? [] : list.filter((other) => other !== slot)
        if (call === 'use') list.push(slot)
        expect(recency.count).toBe(list.length)
        expect(recency.has(slot)).toBe(list.includes(slot))
        expect(recency.surplus()).toBe(list.length < most ? -1 : list[0])
      }
    }),
  )
})
