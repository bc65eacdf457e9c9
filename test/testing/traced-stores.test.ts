import { expect, test } from 'vitest'
import {
  joinWindow,
  keyValueStore,
  minutes,
  serdes,
  session,
  sessionStore,
  StreamRecord,
  tumbling,
  untilWindowCloses,
  versionedStore,
  windowStore,
  type ProcessorContext,
} from '../../src/index.ts'
import type { StoreSpec } from '../../src/state/store-spec.ts'
import { TopologyTestDriver, type ExplainedRow, type Explanation } from '../../src/testing.ts'
import { replaced } from '../../src/testing/traced-stores.ts'
import { built, copies, texts } from '../support/shop-topics.ts'

const strings = { key: serdes.string, value: serdes.string }

/** Explains what comes of the last of these values, where a processor does something with its store for each. */
function explain<S>(spec: StoreSpec<S>, act: (store: S, value: string) => unknown, values: readonly string[]): Explanation {
  const topology = built((builder) =>
    builder
      .stream(texts)
      .process<string, string>(
        () => {
          let held: { readonly store: S; readonly context: ProcessorContext<string, string> } | undefined
          return {
            init: (context) => {
              held = { context, store: context.store(spec) }
            },
            process: (record) => {
              act(held!.store, record.value)
              void held!.context.forward(new StreamRecord('done', record.value, record.timestamp))
            },
          }
        },
        { stores: [spec] },
      )
      .to(copies, strings),
  )
  using driver = new TopologyTestDriver(topology)
  for (const value of values) driver.input(texts).send({ key: 'k', value, timestamp: 5 })
  return driver.explain(driver.output(copies).readAll().at(-1)!)
}

const rows = (list: readonly ExplainedRow[]): unknown[] => list.map(({ key, value }) => [key, value])

test('a key-value store tells of gets, puts and rows of scans', () => {
  const spec = keyValueStore('s', strings)
  const { steps, inputs } = explain(
    spec,
    (store, value) => {
      if (value === 'put') store.put('a', 'A')
      else if (value === 'if') void store.putIfAbsent('b', 'B')
      else if (value === 'unseen') store.put('c', 'C')
      else {
        void store.entry('b')
        void store.get('none')
        for (const _ of store.range({ to: 'b' })) void store.delete('a')
        void store.putIfAbsent('a', 'again')
      }
    },
    ['put', 'if', 'unseen', 'read'],
  )
  expect(rows(steps[0]!.reads)).toEqual([
    ['b', 'B'],
    ['none', undefined],
    ['a', 'A'],
  ])
  expect(rows(steps[0]!.writes)).toEqual([
    ['a', null],
    ['a', null],
    ['a', 'again'],
  ])
  expect(inputs.map(({ value }) => value)).toEqual(['put', 'if', 'read'])
})

test('a window store tells of its windows', () => {
  const spec = windowStore('s', { ...strings, sizeMs: 10, retentionMs: 100 })
  const { steps, inputs } = explain(
    spec,
    (store, value) => {
      if (value === 'one' || value === 'two') store.put('a', value, value === 'one' ? 0 : 10)
      else {
        void store.get('a', 0)
        for (const _ of store.fetch('a', { from: 5 })) store.put('b', 'B', 20)
        for (const _ of store.fetchAll()) void store.get('c', 0)
      }
    },
    ['one', 'two', 'read'],
  )
  const window = (key: string, start: number) => ({ key, window: { start, end: start + 10 } })
  expect(rows(steps[0]!.reads)).toEqual([
    [window('a', 0), 'one'],
    [window('a', 10), 'two'],
    [window('c', 0), undefined],
  ])
  expect(rows(steps[0]!.writes)).toEqual([[window('b', 20), 'B']])
  expect(inputs.map(({ value }) => value)).toEqual(['one', 'two', 'read'])
})

test('a session store tells of its sessions', () => {
  const spec = sessionStore('s', { ...strings, retentionMs: 100 })
  const of = (key: string, start: number) => ({ key, window: { start, end: start + 3 } })
  const { steps } = explain(
    spec,
    (store, value) => {
      if (value === 'put') {
        store.put(of('a', 1), 'A')
        store.put(of('b', 2), 'B')
      } else {
        void store.get(of('a', 1))
        for (const _ of store.fetch('b')) store.put(of('b', 2), null)
        for (const _ of store.find()) void store.get(of('c', 0))
      }
    },
    ['put', 'read'],
  )
  expect(rows(steps[0]!.reads)).toEqual([
    [of('a', 1), 'A'],
    [of('b', 2), 'B'],
    [of('c', 0), undefined],
  ])
  expect(rows(steps[0]!.writes)).toEqual([[of('b', 2), null]])
})

test('a versioned store tells of its versions', () => {
  const spec = versionedStore('s', { ...strings, historyMs: 100 })
  const { steps, inputs } = explain(
    spec,
    (store, value) => {
      if (value === 'old') void store.put('a', 'old', 1)
      else if (value === 'new') void store.put('a', 'new', 4)
      else {
        void store.get('a', 2)
        void store.get('none')
        for (const _ of store.history('a', { from: 4 })) void store.delete('a', 5)
      }
    },
    ['old', 'new', 'read'],
  )
  expect(rows(steps[0]!.reads)).toEqual([
    ['a', 'old'],
    ['none', undefined],
    ['a', 'new'],
  ])
  expect(rows(steps[0]!.writes)).toEqual([['a', null]])
  expect(inputs.map(({ value }) => value)).toEqual(['old', 'new', 'read'])
})

test('a final result of sessions goes back to every record in it, and to the one that closed it', () => {
  const topology = built((builder) =>
    builder
      .stream(texts)
      .groupByKey()
      .windowedBy(session(10).grace(0))
      .reduce((a, b) => a + b)
      .suppress(untilWindowCloses())
      .toStream()
      .map((value, { key }) => [key, value], strings)
      .to(copies),
  )
  using driver = new TopologyTestDriver(topology)
  const send = (key: string, value: string, timestamp: number): void => driver.input(texts).send({ key, value, timestamp })
  send('a', '1', 0)
  send('a', '2', 5)
  send('b', '-', 7)
  send('a', '3', 9)
  send('c', 'later', 100)
  const result = driver
    .output(copies)
    .readAll()
    .find(({ key }) => key === 'a')!
  expect(result.value).toBe('123')
  const explained = driver.explain(result)
  expect(explained.inputs.map(({ value }) => value)).toEqual(['1', '2', '3', 'later'])
  expect(explained.input?.value).toBe('later')
})

test('a pair of two streams goes back to both, one that met nothing to itself and the one that moved time on', () => {
  const others = { ...texts, name: 'others' }
  const topology = built((builder) =>
    builder
      .stream(texts)
      .leftJoin(builder.stream(others), (left, right) => `${left} ${right}`, { within: joinWindow(10).grace(0) })
      .to(copies),
  )
  using driver = new TopologyTestDriver(topology)
  const send = (to: typeof texts, key: string, value: string, timestamp: number): void => driver.input(to).send({ key, value, timestamp })
  send(others, 'a', 'R1', 0)
  send(others, 'a', 'R2', 1)
  send(others, 'a', 'R3', 1)
  send(texts, 'a', 'L', 1)
  send(texts, 'b', 'alone', 2)
  send(texts, 'c', 'later', 500)
  const explanations = driver
    .output(copies)
    .readAll()
    .map((record) => driver.explain(record))
  expect(explanations.map(({ record, inputs }) => [record.value, inputs.map(({ value }) => value)])).toEqual([
    ['L R1', ['R1', 'R2', 'R3', 'L']],
    ['L R2', ['R1', 'R2', 'R3', 'L']],
    ['L R3', ['R1', 'R2', 'R3', 'L']],
    ['alone null', ['alone', 'later']],
  ])
  expect(rows(explanations[0]!.steps.flatMap(({ reads }) => reads)).map((row) => (row as unknown[])[1])).toEqual(['R3', 'R2', 'R1'])
})

test('a window’s row at a commit goes back to its records', () => {
  const topology = built((builder) =>
    builder
      .stream(texts)
      .groupByKey()
      .windowedBy(tumbling(minutes(1)))
      .reduce((a, b) => a + b, { emit: 'on-commit' })
      .toStream()
      .map((value, { key }) => [key, value], strings)
      .to(copies),
  )
  using driver = new TopologyTestDriver(topology)
  for (const value of ['x', 'y']) driver.input(texts).send({ key: 'a', value })
  const [, second] = driver.output(copies).readAll()
  const explained = driver.explain(second!)
  expect(explained.trigger).toBe('commit')
  expect(explained.inputs.map(({ value }) => value)).toEqual(['x', 'y'])
  const changelog = driver.internal().filter(({ topic }) => topic.endsWith('-changelog'))
  expect(driver.explain(changelog.at(-1)!).inputs.map(({ value }) => value)).toEqual(['x', 'y'])
})

test('only what is replaced is another method', () => {
  class Counter {
    #n = 1
    next(): number {
      return this.#n++
    }
    peek(): number {
      return this.#n
    }
  }
  const counter = replaced(new Counter(), { peek: () => -1 })
  expect([counter.next(), counter.next(), counter.peek()]).toEqual([1, 2, -1])
})
