import { describe, expect, test } from 'vitest'
import { noHeaders, type Headers } from '../../src/model/headers.ts'
import { serdes } from '../../src/model/serdes.ts'
import { newChange, type EmitWhen } from '../../src/operators/change.ts'
import { toTable } from '../../src/operators/table.ts'
import { keyValueStore } from '../../src/state/stores.ts'
import type { Change } from '../../src/topology/operator.ts'
import { stateful, type Stateful, type StatefulOptions } from '../support/operator-state.ts'

const store = keyValueStore('t', { key: serdes.string, value: serdes.long })
const h: Headers = [['h', new Uint8Array([1])]]

function table(
  options: { readonly sendsOldValues?: boolean; readonly below?: () => Promise<void> } = {},
): Stateful<string, number | null, string, Change<number>> {
  return stateful(toTable({ store, emit: 'on-commit' }), options)
}

test('a change starts with nothing in it, and isn’t late', () => {
  expect(newChange()).toEqual({ value: null, old: null, latest: true })
  expect(newChange()).not.toBe(newChange())
})

test('in parity mode a cache decides when changes are told, elsewhere only the step', async () => {
  const told = async (emit: EmitWhen | undefined, options: StatefulOptions, spec = store): Promise<number> => {
    const { running, commit } = stateful(toTable({ store: spec, emit }), options)
    for (const value of [1, 2]) await running.send({ key: 'a', value })
    await commit()
    return running.outputs.length
  }
  const cached = { cacheBytes: 1 << 20 }
  expect(await told(undefined, { parity: true, ...cached })).toBe(1)
  expect(await told('every-update', { parity: true, ...cached })).toBe(2)
  expect(await told(undefined, { parity: true, cacheBytes: 0 })).toBe(2)
  expect(await told(undefined, { parity: true, ...cached }, { ...store, cacheBytes: 0 })).toBe(2)
  expect(await told(undefined, cached)).toBe(2)
  expect(await told('on-commit', { cacheBytes: 0 })).toBe(1)
})

describe('what is forwarded at a commit', () => {
  test('has the row’s time, and place and headers of the record that wrote it last', async () => {
    const { running, commit } = table()
    await running.send({ key: 'a', value: 1, timestamp: 5, headers: h })
    await running.send({ key: 'b', value: 2, timestamp: 9, headers: h })
    await running.send({ key: 'a', value: 3, timestamp: 7 })
    await commit()
    expect(running.take()).toEqual([
      { child: 'below', key: 'b', value: { value: 2, old: null, latest: true }, timestamp: 9, headers: h, topic: 'in', offset: 1 },
      { child: 'below', key: 'a', value: { value: 3, old: null, latest: true }, timestamp: 7, headers: noHeaders, topic: 'in', offset: 2 },
    ])
    await running.send({ key: 'b', value: 4, timestamp: 1 })
    await commit()
    expect(running.take()).toMatchObject([{ key: 'b', timestamp: 1, headers: noHeaders }])
  })

  test('is nothing when nothing was written', async () => {
    const { running, commit } = table()
    await running.send({ key: 'a', value: 1 })
    await commit()
    running.take()
    await commit()
    expect(running.take()).toEqual([])
  })

  test('leaves the context as the record in hand had it', async () => {
    const { running, commit } = table({ below: () => new Promise((settle) => setImmediate(settle)) })
    await running.send({ key: 'a', value: 1, timestamp: 5, headers: h })
    await running.send({ key: 'b', value: 2, timestamp: 6, headers: h })
    await commit()
    expect(running.outputs).toHaveLength(2)
    expect(running.record).toMatchObject({ topic: 'in', offset: 1, timestamp: 6, headers: h })
  })

  test('has the value of the last commit as its old one, where that is wanted', async () => {
    const changes = async (sendsOldValues: boolean): Promise<unknown[]> => {
      const { running, commit } = table({ sendsOldValues })
      for (const epoch of [[1, 2], [3], [4, null], [5, null]]) {
        for (const value of epoch) await running.send({ key: 'a', value })
        await commit()
      }
      return running.outputs.map(({ value }) => value)
    }
    expect(await changes(true)).toMatchObject([
      { value: 2, old: null },
      { value: 3, old: 2 },
      { value: null, old: 3 },
    ])
    expect((await changes(false)).slice(0, 3)).toMatchObject([
      { value: 2, old: null },
      { value: 3, old: null },
      { value: null, old: null },
    ])
  })
})
