import { expect, test } from 'vitest'
import { noHeaders } from '../../../src/model/headers.ts'
import { serdes } from '../../../src/model/serdes.ts'
import {
  ANSWER,
  ANSWER_IF_PRESENT,
  DELETE,
  DELETE_SILENTLY,
  subscriptionSerde,
  type Instruction,
  type Subscription,
} from '../../../src/operators/join/foreign-key-message.ts'
import {
  answerChange,
  answerSubscription,
  receiveSubscription,
  responsePartition,
  type Subscriptions,
} from '../../../src/operators/join/foreign-key-right.ts'
import { storeReader } from '../../../src/operators/table.ts'
import type { KeyValueStoreSpec } from '../../../src/state/store-spec.ts'
import { keyValueStore } from '../../../src/state/stores.ts'
import type { Change, Operator } from '../../../src/topology/operator.ts'
import { stateful } from '../../support/operator-state.ts'
import { untyped } from '../../support/untyped.ts'

const store: KeyValueStoreSpec<Uint8Array, Subscription<string>> = {
  kind: 'keyValue',
  name: 's',
  format: 'headers',
  key: serdes.bytes,
  value: subscriptionSerde(serdes.string),
}
const kept: Subscriptions<string> = {
  store,
  foreignKeySerde: serdes.string,
  keySerde: serdes.string,
  registration: { name: 'fk-topic' },
}
const rows = keyValueStore('r', { key: serdes.string, value: serdes.string })
const subscription = (key: string, instruction: Instruction, partition = 2): Subscription<string> => ({
  hash: new Uint8Array(16).fill(key.charCodeAt(0)),
  instruction,
  key,
  partition,
})

test('subscriptions are kept until they are taken out, and handed on (F1)', async () => {
  const { running, rows: rowsOf } = stateful(receiveSubscription<string, string>(kept))
  await running.send({ key: 'f', value: subscription('b', ANSWER), timestamp: 7, headers: [['h', null]] })
  await running.send({ key: 'f', value: subscription('a', ANSWER_IF_PRESENT) })
  await running.send({ key: 'g', value: subscription('c', ANSWER) })
  await running.send({ key: 'g', value: subscription('c', DELETE) })
  await running.send({ key: 'f', value: subscription('a', DELETE_SILENTLY) })
  expect(rowsOf('s')).toMatchObject({ entries: [['000000016662', expect.stringMatching(/^08020268010000000000000007/)]] })
  expect(running.outputs.map(({ key, value }) => [key, value.key, value.instruction])).toHaveLength(5)
})

test('without a foreign key only a left join’s question is handed on', async () => {
  const { running } = stateful(receiveSubscription<string, string>(kept))
  await running.send({ key: null, value: subscription('a', ANSWER) })
  await running.send({ key: null, value: subscription('b', ANSWER_IF_PRESENT) })
  expect(running.outputs.map(({ value }) => value.key)).toEqual(['a'])
  expect(running.dropped.get('null_key')).toBe(1)
})

test('an answer has the value, and the greater of the two times; who asks only for a value gets none', async () => {
  const answer = answerSubscription<string, string, string>(storeReader(rows))
  const answering: Operator<string | null, Subscription<string> | string, string, unknown> = {
    ...answer,
    start: (next, context) => {
      const ask = answer.start(next, context)
      const table = context.store(rows)
      return (key, value, record) => (typeof value === 'string' ? table.put(key!, value) : ask(key, value, record))
    },
  }
  const { running, commit } = stateful(answering, { slow: true, cacheBytes: 0 })
  await running.send({ key: 'f', value: 'x', timestamp: 9 })
  await commit()
  const asks: readonly [string | null, Instruction][] = [
    ['f', ANSWER],
    ['f', ANSWER_IF_PRESENT],
    ['f', DELETE],
    ['f', DELETE_SILENTLY],
    ['g', ANSWER],
    ['g', ANSWER_IF_PRESENT],
    [null, ANSWER],
  ]
  for (const [n, [key, instruction]] of asks.entries()) await running.send({ key, value: subscription(`k${n}`, instruction), timestamp: 4 })
  expect(running.outputs.map(({ key, value, timestamp }) => [key, valueOf(value), timestamp])).toEqual([
    ['k0', 'x', 9],
    ['k1', 'x', 9],
    ['k2', null, 9],
    ['k4', null, 4],
    ['k6', null, 4],
  ])
})

test.each([false, true])('a change is told to everyone who asked for its key, in order of their keys (F5), slow: %s', async (slow) => {
  const receive = receiveSubscription<string, string>(kept)
  const change = answerChange<string, string, string>(kept)
  const both: Operator<string, Subscription<string> | Change<string>, string, unknown> = {
    ...change,
    start: (next, context) => {
      const receiving = receive.start(() => undefined, context)
      const changing = change.start(next, context)
      return (key, value, record) => ('latest' in value ? changing(key, value, record) : receiving(key, value, record))
    },
  }
  const { running, commit } = stateful(both, {
    slow,
    cacheBytes: slow ? 0 : 1 << 20,
    below: slow ? () => Promise.resolve() : () => undefined,
  })
  for (const [foreignKey, key] of ['fb', 'fa', 'gc', 'fé', 'fz'].map((pair) => [pair[0]!, pair.slice(1)] as const)) {
    await running.send({ key: foreignKey, value: subscription(key, ANSWER, key.length) })
    await commit()
  }
  await running.send({ key: 'f', value: { value: 'x', old: null, latest: true }, timestamp: 3, headers: noHeaders })
  expect(running.outputs.map(({ key, timestamp }) => `${key}@${timestamp}`)).toEqual(['a@3', 'b@3', 'z@3', 'é@3'])
  expect(running.take()[0]!.value).toMatchObject({ value: 'x', partition: 1, hash: subscription('a', ANSWER).hash })
  await running.send({ key: 'h', value: { value: 'x', old: null, latest: true } })
  await running.send({ key: 'f', value: { value: 'x', old: null, latest: false } })
  await running.send({ key: untyped(null), value: { value: 'x', old: null, latest: true } })
  expect([running.outputs, Object.fromEntries(running.dropped)]).toEqual([[], { late: 1, null_key: 1 }])
})

test('a response goes where it was asked, or nobody knows where', () => {
  expect(responsePartition({ hash: null, value: null, partition: 4 })).toBe(4)
  expect(responsePartition({ hash: null, value: null, partition: undefined })).toBeUndefined()
})

function valueOf(response: unknown): unknown {
  return typeof response === 'object' && response !== null && 'value' in response ? response.value : undefined
}
