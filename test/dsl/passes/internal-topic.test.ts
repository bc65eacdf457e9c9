import { expect, test } from 'vitest'
import type { Draft } from '../../../src/dsl/passes/draft.ts'
import { cutInto, missing, type CutWish } from '../../../src/dsl/passes/internal-topic.ts'
import { serdes } from '../../../src/index.ts'

const wish: CutWish = { topic: 't', node: 'step', parents: ['above'], key: serdes.string, value: serdes.long, partitioner: undefined }
const nodes = { filter: undefined, sink: 'out', source: 'in', partitions: 3, explicit: false, generated: false }

function cut(how: Partial<CutWish>): Draft {
  const draft: Draft = { nodes: [], stores: new Map(), repartitions: [], mistakes: [] }
  cutInto(draft, { ...wish, ...how }, nodes)
  return draft
}

test('what a sink writes its source reads, with the same serdes', () => {
  const draft = cut({})
  expect(draft.nodes).toMatchObject([
    { kind: 'sink', name: 'out', parents: ['above'], sink: { topic: 't', internal: true, key: serdes.string, value: serdes.long } },
    { kind: 'source', name: 'in', internal: true, call: { topics: ['t'], key: serdes.string, value: serdes.long } },
  ])
  expect(draft.repartitions).toEqual([{ name: 't', ...nodes }])
  expect(draft.mistakes).toEqual([])
})

test('a serde that is missing is a mistake, and another stands there till it is reported', () => {
  const draft = cut({ value: undefined })
  expect(draft.mistakes).toMatchObject([{ code: 'SERDE_MISSING', node: 'step' }])
  expect(draft.mistakes[0]!.message).toContain('t needs a value serde')
  expect(cut({ key: undefined }).mistakes[0]!.message).toContain('t needs a key serde')
  expect(draft.nodes[0]).toMatchObject({ sink: { value: missing } })
  expect([missing.serialize(1), missing.deserialize(new Uint8Array(1))]).toEqual([new Uint8Array(0), undefined])
})
