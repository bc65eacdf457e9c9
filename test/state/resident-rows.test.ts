import { expect, test } from 'vitest'
import { keyValueStore, serdes } from '../../src/index.ts'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import { resolvedStore, SlowEngine, StateWorld } from '../support/state-world.ts'
import { untyped } from '../support/untyped.ts'

function world(engine = new SlowEngine(new MemoryEngine())): StateWorld & { readonly engine: SlowEngine } {
  const spec = keyValueStore('store', { key: serdes.string, value: serdes.string })
  return untyped(new StateWorld([resolvedStore(untyped(spec))], { engine, cacheBytes: 0 }))
}

test('a store that has let nothing go reads nothing; one that has reads what is asked for, once', async () => {
  const w = world()
  const store = w.keyValues()
  expect(store.get('a')).toBeUndefined()
  for (const key of ['a', 'b', 'c']) store.put(key, key)
  await w.commit()
  await w.commit()
  expect(w.engine.keysRead).toBe(0)
  const reading = store.get('a')
  expect(reading).toBeInstanceOf(Promise)
  expect([await reading, store.get('a'), w.engine.keysRead]).toEqual(['a', 'a', 1])
})

test('a read that is on its way while rows leave is made again: the row may have changed and left meanwhile', async () => {
  const w = world()
  const store = w.keyValues()
  for (const key of ['a', 'b']) store.put(key, `old ${key}`)
  await w.commit()
  await w.commit()
  let open = (): void => undefined
  w.engine.gate = new Promise((settle) => (open = settle))
  const reading = store.get('a')
  store.put('a', 'new a')
  await w.commit()
  await w.commit()
  open()
  expect(await reading).toBe('new a')
})

test('absent keys are resident as absent', async () => {
  const w = world()
  w.keyValues().put('a', 'a')
  await w.commit()
  await w.commit()
  expect([await w.keyValues().get('z'), w.keyValues().get('z'), w.engine.keysRead]).toEqual([undefined, undefined, 1])
})
