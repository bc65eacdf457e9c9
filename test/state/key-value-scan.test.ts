import { expect, test } from 'vitest'
import { keyValueStore, serdes } from '../../src/index.ts'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import { resolvedStore, StateWorld } from '../support/state-world.ts'
import { untyped } from '../support/untyped.ts'

test('a scan merges what is resident with what only the engine has, in both directions, up to its limit', async () => {
  const spec = keyValueStore('store', { key: serdes.string, value: serdes.string })
  const w = new StateWorld([resolvedStore(untyped(spec))], { engine: new MemoryEngine(), cacheBytes: 0 })
  const store = w.keyValues()
  for (const key of ['a', 'b', 'c', 'd']) store.put(key, `old ${key}`)
  await w.commit()
  store.put('b', 'new b')
  store.put('c', null)
  expect([...store.range({ from: 'b' })]).toEqual([
    ['b', 'new b'],
    ['d', 'old d'],
  ])
  expect([...store.range({ reverse: true, limit: 2 })]).toEqual([
    ['d', 'old d'],
    ['b', 'new b'],
  ])
})
