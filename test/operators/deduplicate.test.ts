import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { SerdeError } from '../../src/base/errors.ts'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { serdes } from '../../src/model/serdes.ts'
import { deduplicate, deduplicationStore, identitySerde, type Deduplicate } from '../../src/operators/deduplicate.ts'
import { harness } from '../support/operator-harness.ts'
import { stateful, type Stateful } from '../support/operator-state.ts'
import { resolvedStore } from '../support/state-world.ts'
import { untyped } from '../support/untyped.ts'

type Key = string | null
type Id = string | null

interface Input {
  readonly key: Key
  readonly value: Id
  readonly timestamp: number
}

const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) }
const inputs = fc.array(
  fc.record<Input>({
    key: fc.option(fc.constantFrom('a', 'b', 'ab', ''), { freq: 8 }),
    value: fc.option(fc.constantFrom('1', '2', 'b1', ''), { freq: 8 }),
    timestamp: fc.nat(60),
  }),
  { maxLength: 40 },
)
const times = fc.record({ withinMs: fc.nat(12), graceMs: fc.nat(12) })

function optionsOf(time: { readonly withinMs: number; readonly graceMs: number }): Deduplicate<Key, Id, string> {
  const store = deduplicationStore<Key, string>(
    { key: untyped(serdes.string), id: serdes.json<string>(), value: serdes.string },
    { ...time, name: 's' },
  )
  return { ...time, store, idOf: (value) => value }
}

/** What it is: a record passes unless one that has passed, of its key and id, is near. */
function naive(records: readonly Input[], { withinMs, graceMs }: { readonly withinMs: number; readonly graceMs: number }) {
  const passed: Input[] = []
  let observed = -1
  let late = 0
  const out = records.filter((record) => {
    const { key, value, timestamp } = record
    if (key === null) return false
    const before = observed
    observed = Math.max(observed, timestamp)
    if (value === null) return true
    if (timestamp + withinMs + graceMs < before) {
      late++
      return false
    }
    const isKnown = passed.some((each) => each.key === key && each.value === value && Math.abs(each.timestamp - timestamp) <= withinMs)
    if (!isKnown) passed.push(record)
    return !isKnown
  })
  return { out, late }
}

function told({ running }: Stateful<Key, Id, Key, Id>): Input[] {
  return running.outputs.map(({ key, value, timestamp }) => ({ key, value, timestamp }))
}

test('lets the first of each key and id pass, and none that is near it in time', () =>
  fc.assert(
    fc.asyncProperty(inputs, times, fc.boolean(), fc.nat(4), async (records, time, parity, every) => {
      const step = stateful(deduplicate(optionsOf(time)), { parity })
      for (const [index, record] of records.entries()) {
        await step.running.send(record)
        if (every > 0 && index % every === 0) await step.commit()
      }
      const { out, late } = naive(records, time)
      expect(told(step)).toEqual(out)
      expect(step.running.dropped.get('late') ?? 0).toBe(late)
      expect(step.running.dropped.get('null_key') ?? 0).toBe(records.filter(({ key }) => key === null).length)
    }),
    runs,
  ))

test('a duplicate keeps nobody out, and what is near an earlier one is told apart from what is not', () => {
  const step = stateful(deduplicate(optionsOf({ withinMs: 10, graceMs: 0 })))
  for (const timestamp of [100, 106, 110, 111, 118, 122]) void step.running.send({ key: 'a', value: '1', timestamp })
  expect(told(step).map(({ timestamp }) => timestamp)).toEqual([100, 111, 122])
})

test('a restart knows the stream time, so what is late stays late', () => {
  const options = optionsOf({ withinMs: 10, graceMs: 0 })
  const kept = new Map<string, number>()
  const before = stateful(deduplicate(options), { times: kept })
  void before.running.send({ key: 'a', value: '1', timestamp: 100 })
  const after = stateful(deduplicate(options), { times: kept })
  void after.running.send({ key: 'a', value: '2', timestamp: 89 })
  void after.running.send({ key: 'a', value: '2', timestamp: 90 })
  expect(told(after).map(({ timestamp }) => timestamp)).toEqual([90])
  expect(after.running.dropped.get('late')).toBe(1)
})

test('what is processed again after a crash passes again, but not what came of the same record before it', async () => {
  const operator = deduplicate(optionsOf({ withinMs: 10, graceMs: 0 }))
  const first = stateful(operator)
  const send = (to: { send: Stateful<Key, Id, Key, Id>['running']['send'] }, value: string, timestamp: number): void => {
    void to.send({ key: 'a', value, timestamp })
  }
  send(first.running, '1', 0)
  send(first.running, '1', 1)
  await first.commit()
  const again = harness(operator, { stores: [resolvedStore(untyped(operator.stores[0]))], state: () => first.state })
  send(again, '1', 0)
  send(again, '1', 1)
  expect(again.outputs.map(({ timestamp }) => timestamp)).toEqual([0])
})

test('several of one source record are duplicates of each other, in the first run and in the next', async () => {
  const operator = deduplicate(optionsOf({ withinMs: 10, graceMs: 0 }))
  const twice: typeof operator = {
    ...operator,
    start: (next, context) => {
      const emit = operator.start(next, context)
      return async (key, value, record) => {
        await emit(key, value, record)
        await emit(key, value, record)
      }
    },
  }
  const first = stateful(twice)
  await first.running.send({ key: 'a', value: '1', timestamp: 5 })
  expect(first.running.take()).toHaveLength(1)
  await first.commit()
  const again = harness(twice, { stores: [resolvedStore(untyped(operator.stores[0]))], state: () => first.state })
  await again.send({ key: 'a', value: '1', timestamp: 5 })
  expect(again.take()).toHaveLength(1)
})

test('so are they when those of another one come in between', () => {
  const operator = deduplicate(optionsOf({ withinMs: 10, graceMs: 0 }))
  const interleaved: typeof operator = {
    ...operator,
    start: (next, context) => {
      const emit = operator.start(next, context)
      return (key, value, record) => emit(key, value, Object.assign(record, { offset: record.timestamp }))
    },
  }
  const step = stateful(interleaved)
  for (const [value, timestamp] of [['1', 1], ['2', 2], ['1', 1], ['2', 2]] as const) void step.running.send({ key: 'a', value, timestamp }) // prettier-ignore
  expect(told(step).map(({ value }) => value)).toEqual(['1', '2'])
})

test('what a punctuation makes is never taken for what is processed again', () => {
  const step = stateful(deduplicate(optionsOf({ withinMs: 10, graceMs: 0 })))
  for (let i = 0; i < 2; i++) void step.running.send({ key: 'a', value: '1', timestamp: 5, topic: '' })
  expect(told(step)).toHaveLength(1)
})

test('an id that is missing is an error that says which step', () => {
  const step = stateful(deduplicate({ ...optionsOf({ withinMs: 1, graceMs: 0 }), idOf: () => untyped(undefined) }))
  expect(() => step.running.send({ key: 'a', value: 'v' })).toThrow(/an id, or null/)
})

test('key and id stand behind each other: neither can pass for a part of the other', () => {
  const serde = identitySerde(serdes.string, serdes.json<string | number>())
  expect(toHex(serde.serialize({ key: 'ab', id: 7 }))).toBe('00000002616237')
  expect(serde.deserialize(fromHex('00000002616237'))).toEqual({ key: 'ab', id: 7 })
  fc.assert(
    fc.property(fc.string(), fc.string(), (key, id) => {
      expect(serde.deserialize(serde.serialize({ key, id }))).toEqual({ key, id })
    }),
  )
  for (const bytes of ['', '000000', 'ffffffff', '0000000361']) expect(() => serde.deserialize(fromHex(bytes))).toThrow(SerdeError)
})

test('the store keeps what a record that is not late may need, and no longer', () => {
  const { store } = optionsOf({ withinMs: 10, graceMs: 5 })
  expect(store).toMatchObject({ kind: 'window', sizeMs: 10, retentionMs: 26, format: 'plain' })
})
