import { expect, test } from 'vitest'
import { toDot, toMermaid } from '../../src/topology/draw.ts'
import type { TopologyJson } from '../../src/topology/topology-json.ts'
import { built, copies, counts, texts } from '../support/shop-topics.ts'

const counting = built((b) => {
  b.stream(texts, { name: 'read' })
    .groupByKey()
    .count({ store: 'c', name: 'count' })
    .toStream({ name: 'out' })
    .to(counts, { name: 'write' })
})

test('Mermaid gets a box for each part, its steps and stores, the topics between, and an arrow for each way', () => {
  expect(counting.toMermaid()).toBe(`flowchart TD
  subgraph s0["Sub-topology 0"]
    n0(["read"])
    n1["count"]
    n2["out"]
    n3(["write"])
    n4[("c")]
  end
  n5[/"texts"/]
  n6[/"counts"/]
  n5 --> n0
  n0 --> n1
  n1 -.- n4
  n1 --> n2
  n2 --> n3
  n3 --> n6
`)
})

test('Graphviz gets the same', () => {
  expect(counting.toDot().split('\n')).toEqual(
    expect.arrayContaining([
      'digraph topology {',
      '    label="Sub-topology 0"',
      '    n1 [label="count" shape=box]',
      '    n4 [label="c" shape=cylinder]',
      '  n5 [label="texts" shape=cds]',
      '  n1 -> n4 [dir=none style=dashed]',
      '  n3 -> n6',
      '}',
    ]),
  )
})

test('a name that is a step’s, a store’s and a topic’s is three shapes, and quotes are escaped', () => {
  const same: TopologyJson = {
    format: 1,
    subtopologies: [{ id: 0, global: true, nodes: [{ name: 'x"', kind: 'source', parents: [], topics: ['x"'], stores: ['x"'] }] }],
    stores: [],
    repartitionTopics: [],
  }
  expect(toMermaid(same)).toMatch(/Global store 0[^]*n0\(\["x#quot;"\]\)[^]*n1\[\("x#quot;"\)\][^]*n2\[\/"x#quot;"\/\]/)
  expect(toDot(same)).toContain(String.raw`label="x\""`)
})

test('topics between two parts join them', () => {
  const topology = built((b) => b.stream(texts).repartition({ name: 'through' }).to(copies))
  const mermaid = topology.toMermaid()
  const topic = /(n\d+)\[\/"through-repartition"\/\]/.exec(mermaid)![1]!
  expect(mermaid.match(new RegExp(`n\\d+ --> ${topic}\\n`, 'g'))).toHaveLength(1)
  expect(mermaid.match(new RegExp(`${topic} --> n\\d+\\n`, 'g'))).toHaveLength(1)
})
