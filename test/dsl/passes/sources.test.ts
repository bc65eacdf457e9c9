import { expect, test } from 'vitest'
import { howElse, sourceMistakes } from '../../../src/dsl/passes/sources.ts'
import { serdes } from '../../../src/index.ts'
import type { SourceCall } from '../../../src/topology/graph.ts'

const call: SourceCall = {
  kind: 'source',
  name: undefined,
  topics: ['a', 'b'],
  pattern: undefined,
  key: serdes.string,
  value: serdes.string,
  timestamp: 'fail',
  startFrom: 'earliest',
  as: 'stream',
}
const codes = (topics: readonly string[], pattern?: RegExp): string[] =>
  sourceMistakes({ ...call, topics, pattern }, 'node').map(({ code }) => code)

test('a source reads topics that there can be, each once', () => {
  expect(codes(['a', 'b'])).toEqual([])
  expect(codes([], /a/)).toEqual([])
  expect(codes([])).toEqual(['TOPIC_INVALID'])
  expect(codes(['a', 'a'])).toEqual(['DUPLICATE_SOURCE'])
  expect(codes(['a b'])).toEqual(['TOPIC_INVALID'])
})

test.each<[Partial<SourceCall>, string | undefined]>([
  [{}, undefined],
  [{ topics: ['a'] }, 'in lists that overlap'],
  [{ as: 'table' }, 'as a stream and as a table'],
  [{ value: serdes.long }, 'with other serdes'],
  [{ timestamp: 'skip' }, 'with another timestamp policy'],
  [{ startFrom: 'latest' }, 'from another start'],
])('two sources of the same topics: %o', (other, how) => {
  expect(howElse(call, { ...call, ...other })).toBe(how)
})

test('no two tables read one topic', () => {
  expect(howElse({ ...call, as: 'table' }, { ...call, as: 'table' })).toBe('as two tables')
})
