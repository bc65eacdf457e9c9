import { expect, test } from 'vitest'
import { utf8 } from '../../src/base/text.ts'
import { VersionTable } from '../../src/state/version-table.ts'

function filled(...keys: readonly string[]): VersionTable {
  const table = new VersionTable(0)
  for (const key of keys) {
    const slot = table.add(utf8(key))
    table.put(slot, { from: 1, bytes: utf8(key) }, () => undefined)
    table.put(slot, { from: 2, bytes: null }, () => undefined)
  }
  return table
}

const slotOf = (table: VersionTable, key: string): number => table.find(utf8(key), 0, key.length)

test('keys are found by their bytes and listed in order of them', () => {
  const table = filled('b', 'a', '')
  expect([slotOf(table, 'a') >= 0, slotOf(table, 'c')]).toEqual([true, -1])
  expect(table.sorted().map(({ key, list }) => [String.fromCharCode(...key), list.length])).toEqual([
    ['', 2],
    ['a', 2],
    ['b', 2],
  ])
  expect([table.versions, table.size, table.end]).toEqual([6, 9, 3])
})

test('counts the versions of all keys, also when some expire or a key is forgotten', () => {
  const table = filled('a', 'b')
  table.expire(
    slotOf(table, 'a'),
    () => true,
    () => undefined,
  )
  expect(table.versions).toBe(2)
  table.forget(slotOf(table, 'b'))
  expect([table.versions, table.size, slotOf(table, 'b'), table.departures]).toEqual([0, 1, -1, 1])
  table.clear()
  expect([table.size, table.departures]).toEqual([0, 2])
})

test('keys leave that may and weren’t used since the hand came by, until few enough are left', () => {
  const table = filled('a', 'b', 'c')
  const kept = slotOf(table, 'a')
  expect(table.evict(9, () => true)).toBe(false)
  expect(table.evict(3, (slot) => slot !== kept)).toBe(true)
  expect([table.size, slotOf(table, 'a')]).toEqual([3, kept])
  const used = filled('a', 'b', 'c')
  used.evict(8, () => true)
  // All were used; the hand has been round once, and came to the first one again.
  expect([slotOf(used, 'a'), slotOf(used, 'b') >= 0]).toEqual([-1, true])
})

test('hashes are those of keys without what their serde leaves out', () => {
  const table = new VersionTable(1)
  const slot = table.add(utf8('kx'))
  expect([table.find(utf8('_kx'), 1, 2), table.find(utf8('ky'), 0, 2)]).toEqual([slot, -1])
  expect(table.key(slot)).toMatchObject({ length: 2 })
})
