/** Window stores that keep duplicates, as joins have them. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { utf8 } from '../../src/base/text.ts'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import type { Matches, WindowRows } from '../../src/state/store-spec.ts'
import { resolvedStore, SlowEngine, StateWorld, type WorldOptions } from '../support/state-world.ts'
import { untyped } from '../support/untyped.ts'

const RUNS = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) }

const hex = (parts: string): string => parts.replaceAll(' ', '')

function opened(options: Partial<WorldOptions> = {}, retentionMs = 20): StateWorld {
  const spec = { kind: 'window' as const, name: 'store', sizeMs: 10, retentionMs, duplicates: true, format: 'headers' as const }
  return new StateWorld([resolvedStore(spec)], { engine: new MemoryEngine(), ...options })
}

function rowsOf(world: StateWorld): WindowRows<string, string> {
  return untyped(world.state.windowRows('store'))
}

function found(world: StateWorld, key: string, from: number, to: number): [number, string][] {
  const into: Matches<string> = { count: 0, starts: [], values: [] }
  rowsOf(world).matches(key, from, to, into)
  return Array.from({ length: into.count }, (_, i) => [into.starts[i]!, into.values[i]!])
}

test('rows of one key and start stand beside each other, in order of arrival', async () => {
  for (const engine of [new MemoryEngine(), new SlowEngine(new MemoryEngine())]) {
    const world = opened({ engine })
    const face = world.windows()
    for (const [value, start] of [['1', 5], ['2', 4], ['3', 5], ['4', 5]] as const) face.put('k', value, start) // prettier-ignore
    face.put('kk', 'other', 5)
    const expected = [[4, '2'], [5, '1'], [5, '3'], [5, '4']] // prettier-ignore
    expect([...face.fetch('k', {})]).toEqual(expected)
    expect([...face.fetch('k', { from: 5 }, { reverse: true })].map(([, value]) => value)).toEqual(['4', '3', '1'])
    expect([...face.fetchAll()].map(([{ key }, value]) => key + value)).toEqual(['k2', 'k1', 'k3', 'k4', 'kkother'])
    expect(face.get('k', 5)).toBeUndefined()
    expect(found(world, 'k', 4, 5)).toEqual(expected)
    await world.commit()
    await world.crash()
    expect([...world.windows().fetch('k', {})]).toEqual(expected)
    // Rows that come after a restart stand behind those that were there.
    world.windows().put('k', '5', 5)
    await world.commit()
    expect(found(world, 'k', 5, 5).map(([, value]) => value)).toEqual(['1', '3', '4', '5'])
  }
})

describe('the changelog', () => {
  test('has a running number behind key and start, the row’s time and its headers', async () => {
    const world = opened()
    const headers = [['h', utf8('1')]] as const
    rowsOf(world).append('k', 'a', { start: 5, timestamp: 7, headers })
    rowsOf(world).append('k', 'b', { start: 5, timestamp: 8, headers: [] })
    await world.flush()
    expect(world.changelogs.of('store').map((record) => ({ ...record, key: toHex(record.key), value: toHex(record.value!) }))).toEqual([
      { key: hex('6b 0000000000000005 00000001'), value: '61', timestamp: 7, headers },
      { key: hex('6b 0000000000000005 00000002'), value: '62', timestamp: 8 },
    ])
  })

  test('hears of rows that aren’t kept only where it hears of every write, and they take a number either way', async () => {
    for (const everyWrite of [true, false]) {
      const world = opened({ everyWrite })
      world.record.timestamp = 99
      world.record.lazyHeaders = [['r', null]]
      for (const [value, start] of [
        ['new', 50],
        ['late', 30],
        [null, 50],
        ['last', 50],
      ] as const)
        // prettier-ignore
        rowsOf(world).append('k', value, { start, timestamp: start, headers: undefined })
      await world.flush()
      const log = world.changelogs.of('store').map(({ key, value, timestamp, headers }) => [key.at(-1), value !== null, timestamp, headers])
      const told = [[2, true, 30, undefined], [3, false, 99, [['r', null]]]] // prettier-ignore
      expect(log).toEqual([[1, true, 50, undefined], ...(everyWrite ? told : []), [4, true, 50, undefined]])
      expect([world.expired, found(world, 'k', 0, 99).map(([, value]) => value)]).toEqual([1, ['new', 'last']])
    }
  })
})

test('numbers begin anew behind the last one', async () => {
  const world = opened()
  rowsOf(world).append('k', 'a', { start: 1, timestamp: 1, headers: undefined })
  await world.flush()
  const [record] = world.changelogs.of('store')
  record!.key.set([0x7f, 0xff, 0xff, 0xff], 9)
  await world.land()
  await world.restoreTail()
  const other = opened()
  other.changelogs.of('store').push(record!)
  await other.restoreTail()
  rowsOf(other).append('k', 'b', { start: 1, timestamp: 1, headers: undefined })
  await other.flush()
  expect(toHex(other.changelogs.of('store')[1]!.key.slice(9))).toBe('00000000')
})

test('a store that keeps one row a window has no rows to add', () => {
  const world = new StateWorld([resolvedStore({ kind: 'window', name: 'store', sizeMs: 10, retentionMs: 20 })], {
    engine: new MemoryEngine(),
  })
  expect(() => world.state.windowRows('store')).toThrow('keeps no duplicates')
})

const put = fc.record({ key: fc.constantFrom('a', 'b'), start: fc.nat(60), commit: fc.constantFrom('', '', 'commit', 'crash') })

test('a look-up finds what is retained between two times, over commits and restarts', () =>
  fc.assert(
    fc.asyncProperty(fc.array(put, { maxLength: 60 }), fc.nat(60), fc.nat(60), async (puts, from, to) => {
      const world = opened()
      const kept: { key: string; start: number; value: string }[] = []
      let latest = -1
      for (const [i, { key, start, commit }] of puts.entries()) {
        latest = Math.max(latest, start)
        if (start > latest - 20) kept.push({ key, start, value: `${i}` })
        rowsOf(world).append(key, `${i}`, { start, timestamp: start, headers: undefined })
        if (commit !== '') await world.commit()
        if (commit === 'crash') await world.crash()
      }
      for (const key of ['a', 'b']) {
        const expected = kept.filter((row) => row.key === key && row.start > latest - 20 && row.start >= from && row.start <= to)
        expect(found(world, key, from, to)).toEqual(
          expected.toSorted((a, b) => a.start - b.start).map(({ start, value }) => [start, value]),
        )
      }
    }),
    RUNS,
  ))
