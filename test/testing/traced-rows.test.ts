import { expect, test } from 'vitest'
import { serdes } from '../../src/index.ts'
import type { AnyStoreSpec, ResolvedStore } from '../../src/state/store-spec.ts'
import { Trace } from '../../src/testing/trace.ts'
import { Rows } from '../../src/testing/traced-rows.ts'

const rowsOf = (spec: AnyStoreSpec, task = '0'): Rows => {
  const store: ResolvedStore = {
    name: 's',
    spec,
    key: serdes.string,
    value: serdes.string,
    changelog: undefined,
    keepsPrior: false,
    readBySourceKey: false,
  }
  return new Rows(store, task, new Trace())
}
const windows = (): Rows => rowsOf({ kind: 'window', sizeMs: 10, retentionMs: 100 })
const long = (value: number): Uint8Array => serdes.long.serialize(value)

test('a row is the same whoever asks, and another one in another task', () => {
  const rows = rowsOf({ kind: 'keyValue' })
  expect(rows.of('a')).toEqual({ store: 's', key: 'a', id: '0/s/61' })
  expect(rows.changed(Buffer.from('a'))).toBe(rows.of('a').id)
  expect(rowsOf({ kind: 'keyValue' }, 'all').of('a').id).toBe('all/s/61')
  expect(rows.of(null).id).toBe('0/s/')
})

test('windows are told apart by their start, sessions by both bounds, in changelogs too', () => {
  const rows = windows()
  expect(rows.starting('a', 20)).toEqual(rows.of({ key: 'a', window: { start: 20, end: 30 } }))
  expect(rows.starting('a', 20).id).not.toBe(rows.starting('a', 30).id)
  expect(rows.changed(Buffer.concat([Buffer.from('a'), long(20), new Uint8Array(4)]))).toBe(rows.starting('a', 20).id)
  const sessions = rowsOf({ kind: 'session', retentionMs: 100 })
  const session = sessions.of({ key: 'a', window: { start: 5, end: 9 } })
  expect(session.id).not.toBe(sessions.of({ key: 'a', window: { start: 4, end: 9 } }).id)
  expect(sessions.changed(Buffer.concat([Buffer.from('a'), long(9), long(5)]))).toBe(session.id)
})

test('rows of one key and start are told apart by those behind them', () => {
  const rows = windows()
  const [first, second] = [rows.added('a', 20), rows.added('a', 20)]
  expect(rows.fromLast('a', 20, 0)).toEqual(second)
  expect(rows.fromLast('a', 20, 1)).toEqual(first)
  expect(rows.version('a', 3).id).not.toBe(rows.version('a', 4).id)
})
