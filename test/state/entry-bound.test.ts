import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { keyValueStore, serdes } from '../../src/index.ts'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import { resolvedStore, StateWorld } from '../support/state-world.ts'
import { untyped } from '../support/untyped.ts'

const MOST = 3
const spec = keyValueStore('store', { key: serdes.string, value: serdes.string, maxEntries: MOST })
const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
const call = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('put' as const), key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('get' as const), key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('commit' as const, 'crash' as const), key }) },
)

function world(everyWrite: boolean): StateWorld {
  return new StateWorld([resolvedStore(untyped(spec))], { engine: new MemoryEngine(), everyWrite, cacheBytes: 0 })
}

test('a store of at most so many entries holds those that were used last, and its changelog the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 60 }), fc.boolean(), async (calls, everyWrite) => {
      const w = world(everyWrite)
      // From the least recently used one on.
      let wanted: [string, string][] = []
      for (const [n, { kind, key: at }] of calls.entries()) {
        w.record.timestamp = n
        if (kind === 'crash') {
          await w.commit()
          await w.crash()
          // Which was used last is remembered by the time it was written.
          wanted = wanted.sort(([, a], [, b]) => Number(a) - Number(b))
          continue
        }
        if (kind === 'commit') {
          await w.commit()
          continue
        }
        const found = wanted.find(([other]) => other === at)
        const others = wanted.filter(([other]) => other !== at)
        if (kind === 'get') {
          expect(await w.keyValues().get(at)).toBe(found?.[1])
          wanted = found === undefined ? wanted : [...others, found]
        } else if (kind === 'delete') {
          await w.keyValues().delete(at)
          wanted = others
        } else {
          w.keyValues().put(at, String(n))
          wanted = [...others, [at, String(n)] as [string, string]].slice(-MOST)
        }
        const rows: [string, string][] = []
        for await (const row of w.keyValues().range()) rows.push(row)
        expect(rows).toEqual([...wanted].sort(([a], [b]) => (a < b ? -1 : 1)))
      }
      await w.commit()
      const told = new Map(w.changelogs.of('store').map((record) => [Buffer.from(record.key).toString(), record.value]))
      expect(
        [...told]
          .filter(([, value]) => value !== null)
          .map(([name]) => name)
          .sort(),
      ).toEqual(wanted.map(([name]) => name).sort())
    }),
    { numRuns: 60 },
  )
})

test('a bound is a whole number above 0', () => {
  for (const maxEntries of [0, 1.5, -1, Number.NaN])
    expect(() => keyValueStore('s', { key: serdes.string, value: serdes.string, maxEntries })).toThrow(/maxEntries/)
})
