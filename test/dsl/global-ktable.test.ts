import { expect, test } from 'vitest'
import { keyValueStore, serdes, StreamsBuilder, windowStore } from '../../src/index.ts'
import { built, copies, customers, refused, texts } from '../support/shop-topics.ts'
import { untyped } from '../support/untyped.ts'

const text = (a: string, b: { readonly name: string } | null): string => `${a}${b?.name}`

test('its part takes a number and makes no tasks; its store has no changelog of its own', () => {
  const topology = built((b) => {
    const all = b.globalTable(customers, { name: 'all' })
    b.stream(texts).leftJoin(all, text, { key: (v) => v }).to(copies, { value: serdes.string }) // prettier-ignore
  })
  expect(topology.globals.map(({ id, sourceTopics }) => [id, sourceTopics])).toEqual([[0, ['customers']]])
  expect(topology.subtopologies.map(({ id, sourceTopics }) => [id, sourceTopics])).toEqual([[1, ['texts']]])
  expect([...topology.nodes.keys()]).toEqual(expect.arrayContaining(['all-source', 'all']))
  const [store] = topology.stores.values()
  expect(store).toMatchObject({ name: 'customers-STATE-STORE-0000000000', changelog: { topic: 'customers', source: true } })
  expect(topology.describe()).toMatch(/Sub-topology: 0 for global store \(will not generate tasks\)/)
})

test('its topic is read by nobody else', () => {
  const twice = [
    (b: StreamsBuilder) => [b.globalTable(texts), b.stream(texts)],
    (b: StreamsBuilder) => [b.table(texts), b.globalTable(texts)],
    (b: StreamsBuilder) => [b.globalTable(texts), b.globalTable(texts)],
  ]
  expect(twice.map((make) => refused(make).mistakes.map(({ code, message }) => [code, message.split(':')[0]]))).toEqual([
    [['DUPLICATE_SOURCE', 'topic texts is read twice, as a global table and as a stream']],
    [['DUPLICATE_SOURCE', 'topic texts is read twice, as a table and as a global table']],
    [['DUPLICATE_SOURCE', 'topic texts is read twice, as two global tables']],
  ])
})

test('its store keeps one value a key, and has a name where a processor fills it', () => {
  const windows = windowStore('w', { key: serdes.string, value: serdes.string, sizeMs: 1, retentionMs: 1 })
  expect(() => new StreamsBuilder().globalTable(texts, { store: untyped(windows) })).toThrow(/keyValueStore/)
  const nothing = { process: (): void => undefined }
  const unnamed = untyped({ kind: 'keyValue' })
  expect(refused((b) => b.addGlobalStore(unnamed, texts, () => ({ ...nothing }))).mistakes).toMatchObject([{ code: 'STORE_NAME_INVALID' }, { code: 'SERDE_MISSING' }, { code: 'SERDE_MISSING' }]) // prettier-ignore
})

test('a step that lists a global store among its own is a mistake: it may read it anyway', () => {
  const all = keyValueStore('all', { key: serdes.string, value: serdes.string })
  const error = refused((b) => {
    b.globalTable(copies, { store: all })
    b.stream(texts).process(() => ({ process: () => undefined }), { stores: [all] }) // prettier-ignore
  })
  expect(error.mistakes).toMatchObject([{ code: 'TOPOLOGY_INVALID', message: expect.stringContaining('lists the global store all') }])
})

test('tables of two builders don’t meet streams', () => {
  const all = new StreamsBuilder().globalTable(customers)
  expect(() => new StreamsBuilder().stream(texts).join(all, text, { key: (v) => v })).toThrow(
    expect.objectContaining({ code: 'TOPOLOGY_INVALID' }),
  )
})
