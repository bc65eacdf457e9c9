import { expect, test } from 'vitest'
import { built, copies, counts, customers, texts } from '../support/shop-topics.ts'
import { serdes } from '../../src/index.ts'

test('a topology as plain data has its parts by number, each with its steps, and its stores and internal topics', () => {
  const topology = built((b) => {
    b.globalTable(customers, { name: 'all', store: 'all' })
    b.stream(texts, { name: 'read' })
      .selectKey((v) => v, { key: serdes.string, name: 'by' })
      .groupByKey({ name: 'g' })
      .count({ store: 'c', name: 'counted' })
      .toStream({ name: 'out' })
      .to(counts, { name: 'write' })
    b.stream(copies, { name: 'copies' }).to((value) => value, { name: 'anywhere' })
  })
  const json = topology.toJSON()
  expect(json.subtopologies.map(({ id, global, nodes }) => [id, global, nodes.map(({ name }) => name)])).toEqual([
    [0, true, ['all-source', 'all']],
    [1, false, ['read', 'by', 'g-repartition-filter', 'g-repartition-sink']],
    [2, false, ['g-repartition-source', 'counted', 'out', 'write']],
    [3, false, ['copies', 'anywhere']],
  ])
  expect(json.subtopologies[2]!.nodes.slice(0, 2)).toEqual([
    { name: 'g-repartition-source', kind: 'source', parents: [], topics: ['g-repartition'], stores: [] },
    { name: 'counted', kind: 'processor', parents: ['g-repartition-source'], topics: [], stores: ['c'] },
  ])
  expect(json.subtopologies[3]!.nodes[1]).toMatchObject({ kind: 'sink', topics: [] })
  expect(json.stores).toEqual([
    { name: 'all', kind: 'keyValue', changelog: 'customers' },
    { name: 'c', kind: 'keyValue', changelog: 'c-changelog' },
  ])
  expect(json.repartitionTopics).toEqual(['g-repartition'])
  expect(JSON.parse(JSON.stringify(topology))).toEqual(json)
})
