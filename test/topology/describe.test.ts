import { join } from 'node:path'
import { expect, test } from 'vitest'
import { serdes } from '../../src/index.ts'
import { programs } from '../conformance/programs/all.ts'
import { readTrace } from '../conformance/trace.ts'
import { built, copies, customers, orders, texts } from '../support/shop-topics.ts'

const traces = join(import.meta.dirname, '../conformance/traces')

test.each(['word-count', 'branch-count-merge', 'stream-table-inner', 'same-topic-twice', 'hopping-reduce'])(
  'describes %s as Kafka Streams did when it was recorded',
  (id) => {
    const trace = readTrace(traces, id)
    expect(programs[id]!(trace.config).describe()).toBe(trace.describe)
  },
)

test('several topics are listed in order of their names, a topic that is worked out is an extractor', () => {
  const text = built((builder) =>
    builder.stream([texts, copies]).to(() => 'copies', { key: serdes.string, value: serdes.string }),
  ).describe()
  expect(text).toContain('Source: KSTREAM-SOURCE-0000000000 (topics: [copies, texts])')
  expect(text).toContain('Sink: KSTREAM-SINK-0000000001 (extractor class:')
})

test('a join shows the store it reads', () => {
  const text = built((builder) => builder.stream(orders).join(builder.table(customers, { store: 'customers' }), () => 'x')).describe()
  expect(text).toMatch(/Processor: KSTREAM-JOIN-\d+ \(stores: \[customers\]\)/)
})
