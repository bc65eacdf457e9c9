import { describe, expect, test } from 'vitest'
import { murmur3 } from '../../../src/base/murmur3.ts'
import { utf8 } from '../../../src/base/text.ts'
import { serdes } from '../../../src/model/serdes.ts'
import { resolveResponse, subscribe, type ForeignKeySide } from '../../../src/operators/join/foreign-key-left.ts'
import { ANSWER, ANSWER_IF_PRESENT, DELETE, DELETE_SILENTLY } from '../../../src/operators/join/foreign-key-message.ts'
import { storeReader } from '../../../src/operators/table.ts'
import { keyValueStore } from '../../../src/state/stores.ts'
import { harness } from '../../support/operator-harness.ts'
import { stateful } from '../../support/operator-state.ts'
import { untyped } from '../../support/untyped.ts'

const hashOf = (text: string): Uint8Array => murmur3(utf8(text))
/** The foreign key of 'a1' is 'a'; of '-1' there is none. */
const side: ForeignKeySide<string, string, string> = {
  foreignKey: (value) => (value.startsWith('-') ? null : value[0]!),
  left: false,
  foreignKeySerde: serdes.string,
  valueSerde: serdes.string,
  registration: { name: 'fk-topic' },
}

/** What is sent for a change: to whom, and what it says. */
function sent(left: boolean, value: string | null, old: string | null): unknown[] {
  const running = harness(subscribe({ ...side, left }))
  void running.send({ key: 'k', value: { value, old, latest: true }, timestamp: 3 })
  for (const { value: message } of running.outputs) {
    expect(message).toMatchObject({ key: 'k', partition: 0, hash: value === null ? null : hashOf(value) })
  }
  return [...running.outputs.map(({ key, value: { instruction } }) => [key, instruction]), ...running.dropped.keys()]
}

describe('an inner join (F3)', () => {
  test.each([
    ['a new row', 'a1', null, [['a', ANSWER_IF_PRESENT]]],
    ['a row that keeps its key', 'a2', 'a1', [['a', ANSWER_IF_PRESENT]]],
    [
      'a row with another key',
      'b1',
      'a1',
      [
        ['a', DELETE_SILENTLY],
        ['b', ANSWER],
      ],
    ],
    ['a row that is deleted', null, 'a1', [['a', DELETE]]],
    ['a row that loses its key', '-1', 'a1', [['a', DELETE], 'null_key']],
    ['a new row without a key', '-1', null, ['null_key']],
    ['a row that gets a key', 'a1', '-1', [['a', ANSWER_IF_PRESENT]]],
    ['a row without a key that is deleted', null, '-1', []],
    ['a delete of nothing', null, null, []],
  ])('%s', (_what, value, old, messages) => {
    expect(sent(false, value, old)).toEqual(messages)
  })
})

describe('a left join (F4)', () => {
  test.each([
    ['a new row', 'a1', null, [['a', ANSWER]]],
    ['a row that keeps its key', 'a2', 'a1', [['a', ANSWER]]],
    [
      'a row with another key',
      'b1',
      'a1',
      [
        ['a', DELETE_SILENTLY],
        ['b', ANSWER],
      ],
    ],
    [
      'a row that is deleted',
      null,
      'a1',
      [
        ['a', DELETE_SILENTLY],
        [null, ANSWER],
      ],
    ],
    [
      'a row that loses its key',
      '-1',
      'a1',
      [
        ['a', DELETE_SILENTLY],
        [null, ANSWER],
      ],
    ],
    ['a new row without a key', '-1', null, [[null, ANSWER]]],
    ['a delete of nothing', null, null, []],
  ])('%s', (_what, value, old, messages) => {
    expect(sent(true, value, old)).toEqual(messages)
  })
})

test('two keys are one when their bytes are (F10)', () => {
  const objects: ForeignKeySide<string, string, { id: string }> = {
    ...side,
    foreignKey: (value) => ({ id: value[0]! }),
    foreignKeySerde: serdes.json<{ id: string }>(),
  }
  const running = harness(subscribe(objects))
  void running.send({ key: 'k', value: { value: 'a2', old: 'a1', latest: true } })
  expect(running.outputs.map(({ value }) => value.instruction)).toEqual([ANSWER_IF_PRESENT])
})

test('the second message waits for the first, and an update older than its row sends none', async () => {
  let settle = (): void => undefined
  const below = (): Promise<void> =>
    new Promise((done) => {
      settle = done
    })
  const running = harness(subscribe(side), { below })
  const sending = running.send({ key: 'k', value: { value: 'b1', old: 'a1', latest: true } })
  expect(running.outputs).toHaveLength(1)
  settle()
  await Promise.resolve()
  expect(running.outputs).toHaveLength(2)
  settle()
  await sending
  void running.send({ key: 'k', value: { value: 'b1', old: 'a1', latest: false } })
  expect([running.outputs.length, running.dropped.get('late')]).toEqual([2, 1])
})

test('B68: the function must answer a key or null', () => {
  const running = harness(subscribe({ ...side, foreignKey: untyped(() => undefined) }))
  expect(() => running.send({ key: 'k', value: { value: 'a', old: null, latest: true } })).toThrow(
    expect.objectContaining({ code: 'PROCESSOR_RESULT' }),
  )
})

describe('a response', () => {
  const rows = keyValueStore('l', { key: serdes.string, value: serdes.string })
  const resolved = async (left: boolean, row: string | null, response: { of: string | null; value: string | null }) => {
    const operator = resolveResponse<string, string, string, string>({
      ...side,
      left,
      table: storeReader(rows),
      join: (l, r) => `${l}&${r}`,
    })
    const { running, state } = stateful(operator, { slow: true, cacheBytes: 0 })
    const store: { put(key: string, value: string | null): void } = untyped(state.store('l'))
    if (row !== null) store.put('k', row)
    const hash = response.of === null ? null : hashOf(response.of)
    await running.send({ key: 'k', value: { hash, value: response.value, partition: undefined }, timestamp: 5 })
    return [...running.outputs.map(({ value, timestamp }) => `${value}@${timestamp}`), ...running.dropped.keys()]
  }

  test('is joined with the row that asked', async () => {
    expect(await resolved(false, 'a1', { of: 'a1', value: 'x' })).toEqual(['a1&x@5'])
    expect(await resolved(false, 'a1', { of: 'a1', value: null })).toEqual(['null@5'])
    expect(await resolved(true, 'a1', { of: 'a1', value: null })).toEqual(['a1&null@5'])
    expect(await resolved(true, null, { of: null, value: null })).toEqual(['null@5'])
  })

  test('to what the row is no more is dropped (F6)', async () => {
    expect(await resolved(false, 'a2', { of: 'a1', value: 'x' })).toEqual(['skipped'])
    expect(await resolved(false, null, { of: 'a1', value: 'x' })).toEqual(['skipped'])
    expect(await resolved(false, 'a1', { of: null, value: null })).toEqual(['skipped'])
  })
})
