import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { JavaTreeSet } from '../../src/topology/java-tree.ts'

test('elements are listed in order, each once', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 80 }), (numbers) => {
      const set = new JavaTreeSet<number>((a, b) => a - b)
      for (const each of numbers) set.add(each)
      expect(set.values()).toEqual([...new Set(numbers)].toSorted((a, b) => a - b))
    }),
  )
})

test('an element stays where it was put, whatever it has become since; the next one meets the tree from its root', () => {
  const sized = (name: string, size: number): { readonly name: string; size: number } => ({ name, size })
  const [a, b, c, d] = [sized('a', 3), sized('b', 2), sized('c', 1), sized('d', 2)]
  const set = new JavaTreeSet<typeof a>((x, y) => y.size - x.size || (x.name < y.name ? -1 : x.name > y.name ? 1 : 0))
  for (const each of [a, b, c]) set.add(each)
  c.size = 9
  expect(set.values().map(({ name }) => name)).toEqual(['a', 'b', 'c'])
  set.add(d)
  // The three have b at their root: d is behind it, and behind c, which has grown.
  expect(set.values().map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd'])
})
