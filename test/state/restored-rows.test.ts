import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { utf8 } from '../../src/base/text.ts'
import type { WriteBatch } from '../../src/state/engine.ts'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import { unpack } from '../support/engine-rows.ts'
import { resolvedStore, restoreRows, SlowEngine, StateWorld } from '../support/state-world.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100)

/** An engine that is slow as one on disk, and remembers the keys of each batch. */
class Watched extends SlowEngine {
  readonly batches: string[][] = []

  override async write(batch: WriteBatch): Promise<void> {
    this.batches.push(unpack(batch.rows).map(([key]) => key))
    await super.write(batch)
  }
}

function opened(): { readonly world: StateWorld; readonly engine: Watched } {
  const engine = new Watched(new MemoryEngine())
  return { world: new StateWorld([resolvedStore({ kind: 'keyValue', name: 'store' })], { engine }), engine }
}

const record = (key: string, value: string | null, timestamp: number): Parameters<typeof restoreRows>[0][number] => ({
  key: utf8(key),
  value: value === null ? null : utf8(value),
  timestamp,
})

test('a store is the replay of its changelog, whatever the keys begin with and however it comes in pieces', async () => {
  const key = fc.oneof(
    fc.string({ maxLength: 2 }),
    fc.constantFrom('', 'shared', 'shared ', 'shared a', 'shared aaaa1', 'shared aaaa2', 'shared\0'),
  )
  const value = fc.option(fc.string({ maxLength: 3 }), { nil: null })
  const pieces = fc.array(fc.array(fc.tuple(key, value), { maxLength: 8 }), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(pieces, async (given) => {
      const { world } = opened()
      const replay = new Map<string, { value: string; timestamp: number }>()
      let offset = 0
      for (const piece of given) {
        const records = piece.map(([name, text]) => record(name, text, offset++))
        await world.state.restore('store', restoreRows(records), offset)
        for (const [i, [name, text]] of piece.entries()) {
          if (text === null) replay.delete(name)
          else replay.set(name, { value: text, timestamp: offset - piece.length + i })
        }
      }
      await world.state.restored()
      for (const name of new Set(given.flat().map(([one]) => one))) {
        const wanted = replay.get(name)
        const found = await world.keyValues().entry(name)
        expect(found === undefined ? undefined : { value: found.value, timestamp: found.timestamp }).toEqual(wanted)
      }
      expect(await world.state.mark('store')).toEqual(given.length === 0 ? undefined : expect.objectContaining({ offset }))
    }),
    { numRuns: RUNS },
  )
})

test('small pieces are written together, in order behind what their keys begin with', async () => {
  const { world, engine } = opened()
  const KEYS = 9_000
  // Every number below 9,000 once, in no order.
  const names = Array.from({ length: KEYS }, (_, n) => `customer-${String((n * 7) % KEYS).padStart(4, '0')}`)
  for (const [n, name] of names.entries()) await world.state.restore('store', restoreRows([record(name, 'v', n)]), n + 1)
  await world.state.restored()
  expect(engine.batches.length).toBeLessThan(KEYS / 1_000)
  expect(engine.batches.flat()).toHaveLength(KEYS + engine.batches.length)
  for (const batch of engine.batches) expect(batch.slice(0, -1)).toEqual(batch.slice(0, -1).toSorted())
})
