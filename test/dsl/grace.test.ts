import { expect, test } from 'vitest'
import { serdes, StreamsBuilder, topic, versionedStore } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { built, copies, refused, texts } from '../support/shop-topics.ts'

const names = topic('names', { key: serdes.string, value: serdes.string })
const versioned = versionedStore('names', { key: serdes.string, value: serdes.string, historyMs: 100 })

function join(builder: StreamsBuilder, grace: number, store: typeof versioned | string = versioned): void {
  builder
    .stream(texts)
    .join(builder.table(names, { store }), (text, name) => `${text} ${name}`, { name: 'j', grace, value: serdes.string })
    .to(copies)
}

test.each([1, 3])('a row that comes late is met all the same, in %i partitions', (partitions) => {
  using driver = new TopologyTestDriver(
    built((builder) => join(builder, 10)),
    { partitions },
  )
  const keys = ['a', 'b', 'c', 'd']
  const text = (value: string, timestamp: number): void => keys.forEach((key) => driver.input(texts).send({ key, value, timestamp }))
  const name = (value: string, timestamp: number): void => keys.forEach((key) => driver.input(names).send({ key, value, timestamp }))
  text('hello', 5)
  name('new', 8)
  name('old', 4)
  text('later', 15)
  const found = driver.output(copies).readAll()
  expect(new Set(found.map(({ key, value, timestamp }) => `${key} ${value} ${timestamp}`))).toEqual(
    new Set(keys.map((key) => `${key} hello old 5`)),
  )
})

test('the buffer is named after the join and has a changelog', () => {
  const topology = built((builder) => join(builder, 10))
  expect(topology.stores.get('j-Buffer')?.changelog?.topic).toBe('j-Buffer-changelog')
  const unnamed = built((builder) => {
    const table = builder.table(names, { store: versioned })
    builder
      .stream(texts)
      .leftJoin(table, (text) => text, { grace: 1, value: serdes.string })
      .to(copies)
  })
  expect([...unnamed.stores.keys()]).toContain('KSTREAM-LEFTJOIN-0000000003-Buffer')
})

test('a grace needs a versioned table with as much history, and must be one', () => {
  const messages = (grace: number, store?: typeof versioned | string): string[] =>
    refused((builder) => join(builder, grace, store)).mistakes.map(({ code, message }) => `${code} ${message}`)
  expect(messages(10, 'plain')).toEqual([expect.stringMatching(/^ARGUMENT_INVALID .*versioned table/)])
  expect(messages(101)).toEqual([expect.stringMatching(/^ARGUMENT_INVALID .*history is 100 ms/)])
  expect(messages(-1)).toEqual([expect.stringMatching(/^ARGUMENT_INVALID .*-1/)])
})

test('a view of a versioned table is versioned', () => {
  const grace = { grace: 5, value: serdes.string }
  const topology = built((builder) => {
    const view = builder
      .table(names, { store: versioned })
      .filter((name) => name !== '')
      .mapValues((name) => name.toUpperCase())
    builder
      .stream(texts)
      .join(view, (text, name) => text + name, grace)
      .to(copies)
  })
  using driver = new TopologyTestDriver(topology)
  driver.input(names).send({ key: 'a', value: 'ada', timestamp: 1 })
  driver.input(names).send({ key: 'a', value: '', timestamp: 3 })
  for (const timestamp of [2, 3, 20]) driver.input(texts).send({ key: 'a', value: 'v', timestamp })
  expect(driver.output(copies).readAll()).toMatchObject([{ value: 'vADA', timestamp: 2 }])
})
