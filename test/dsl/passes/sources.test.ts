import { expect, test } from 'vitest'
import { serdes } from '../../../src/index.ts'
import { howElse, readBy, sourceMistakes } from '../../../src/dsl/passes/sources.ts'
import type { SourceCall } from '../../../src/topology/graph.ts'

const source = (more: Partial<SourceCall>): SourceCall => ({
  kind: 'source',
  name: undefined,
  topics: ['in'],
  pattern: undefined,
  key: serdes.string,
  value: serdes.string,
  timestamp: 'fail',
  startFrom: 'earliest',
  as: 'stream',
  ...more,
})

test('a source reads its topics, or what a pattern finds', () => {
  expect(readBy(source({ topics: ['a', 'b'] }))).toEqual(['a', 'b'])
  expect(readBy(source({ topics: [], pattern: /^in-/i }))).toEqual(['/^in-/i'])
})

test.each([
  [{ topics: [] }, 'TOPIC_INVALID'],
  [{ topics: ['a b'] }, 'TOPIC_INVALID'],
  [{ topics: ['__own'] }, 'TOPIC_RESERVED'],
  [{ topics: ['a', 'a'] }, 'DUPLICATE_SOURCE'],
  [{ topics: [], pattern: /(a+)+/ }, 'PATTERN_UNSAFE'],
])('a source of %j is a mistake', (more, code) => {
  expect(sourceMistakes(source(more), 'in').map((mistake) => mistake.code)).toEqual([code])
})

test('two sources of the same topics are one, unless they read them in other ways', () => {
  expect(howElse(source({}), source({}))).toBeUndefined()
  expect(howElse(source({}), source({ as: 'table' }))).toBe('as a stream and as a table')
  expect(howElse(source({ as: 'table' }), source({ as: 'table' }))).toBe('as two tables')
  expect(howElse(source({}), source({ value: serdes.long }))).toBe('with other serdes')
  expect(howElse(source({}), source({ timestamp: 'skip' }))).toBe('with another timestamp policy')
  expect(howElse(source({}), source({ onError: () => 'skip' }))).toBe('with another onError')
  expect(howElse(source({}), source({ startFrom: 'latest' }))).toBe('from another start')
})
