import { describe, expect, test } from 'vitest'
import type { PackedRows } from '../../src/base/packed-rows.ts'
import { murmur2 } from '../../src/base/murmur2.ts'
import { utf8 } from '../../src/base/text.ts'
import { timeWindowed } from '../../src/model/serdes-compound.ts'
import { serdes } from '../../src/model/serdes.ts'
import type { HashedRows } from '../../src/state/row-keys.ts'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import type { Scan } from '../../src/state/store-spec.ts'
import { keyValueSuite } from '../contract/store-face.ts'
import { pack } from '../support/engine-rows.ts'
import { resolvedStore, SlowEngine, StateWorld } from '../support/state-world.ts'
import { untyped } from '../support/untyped.ts'

keyValueSuite('memory', () => Promise.resolve(new MemoryEngine()))
keyValueSuite('an engine that answers promises', () => Promise.resolve(new SlowEngine(new MemoryEngine())))

describe('reads that are on their way', () => {
  const late = async (read: (world: StateWorld) => unknown): Promise<StateWorld> => {
    const { world, engine } = slow()
    world.keyValues().put('k', 'old')
    await world.commit()
    const opened = gate(engine)
    const reading = read(world)
    world.keyValues().put('k', 'new')
    await world.commit()
    expect(world.state.metrics().get('store')).toEqual({ entries: 0 })
    opened()
    await reading
    return world
  }

  test('a prefetched value is not used after its key came and went', async () => {
    const world = await late(({ state }) => state.prefetch(hashed('k'), 0, 1))
    expect(await world.keyValues().get('k')).toBe('new')
  })

  test('a value that was read is not used after its key came and went', async () => {
    const answers: unknown[] = []
    const world = await late(async ({ state }) => {
      answers.push(await state.slots('store').find('k'))
      expect(state.slots('store').value(0)).toBe('new')
    })
    expect(answers).toEqual([0])
    expect(await world.keyValues().get('k')).toBe('new')
  })

  test('a value that was read is not used after its key was deleted', async () => {
    const { world, engine } = slow()
    world.keyValues().put('k', 'old')
    await world.commit()
    const opened = gate(engine)
    const reading = world.keyValues().get('k')
    world.keyValues().put('k', null)
    await world.commit()
    opened()
    expect(await reading).toBeUndefined()
    expect(await world.keyValues().get('k')).toBeUndefined()
  })

  test('a value is answered though its entry leaves right after it came', async () => {
    class Remembered extends SlowEngine {
      last: Promise<unknown> = Promise.resolve()

      override getMany(keys: PackedRows): Promise<PackedRows> {
        const found = super.getMany(keys)
        this.last = found
        return found
      }
    }
    const engine = new Remembered(new MemoryEngine())
    const world = new StateWorld([resolvedStore({ kind: 'keyValue', name: 'store' })], { engine, cacheBytes: 0 })
    world.keyValues().put('k', 'v', { timestamp: 3 })
    await world.commit()
    for (const read of [() => world.keyValues().get('k'), () => world.keyValues().entry('k')]) {
      const reading = read()
      // The store heard of the read first; whoever awaits what it answers hears of it later than this.
      const leaving = engine.last.then(() => world.state.trim())
      const answer = await reading
      expect(typeof answer === 'object' ? [answer.value, answer.timestamp] : [answer, 3]).toEqual(['v', 3])
      await leaving
      expect(world.state.metrics().get('store')).toEqual({ entries: 0 })
    }
  })

  test('a value that was written meanwhile is kept', async () => {
    const { world, engine } = slow()
    world.keyValues().put('k', 'old')
    await world.commit()
    const opened = gate(engine)
    const reading = world.keyValues().get('k')
    world.keyValues().put('k', 'new')
    opened()
    expect(await reading).toBe('new')
  })
})

describe('reading ahead', () => {
  test('it reads in one go what is not resident, each key once, so that looking it up answers at once', async () => {
    const { world, engine } = slow(1 << 20)
    for (const key of ['a', 'b', 'c']) world.keyValues().put(key, key)
    await world.commit()
    await world.crash()
    await world.keyValues().get('a')
    const before = engine.keysRead
    await world.state.prefetch(hashed('a', 'b', 'none', 'b', null, 'c'), 0, 5)
    expect(engine.keysRead - before).toBe(3)
    expect(world.keyValues().get('b')).toBe('b')
    expect(world.keyValues().get('none')).toBeUndefined()
    expect(world.keyValues().get('c')).toBeInstanceOf(Promise)
    expect(await world.keyValues().get('c')).toBe('c')
  })

  test('it reads nothing for a store that is complete, nor when all is resident', async () => {
    const { world, engine } = slow(1 << 20)
    world.keyValues().put('a', 'a')
    expect(world.state.prefetch(hashed('a', 'b'), 0, 2)).toBeUndefined()
    await world.commit()
    await world.crash()
    await world.keyValues().get('a')
    const before = engine.keysRead
    expect(world.state.prefetch(hashed('a'), 0, 1)).toBeUndefined()
    expect(engine.keysRead).toBe(before)
  })

  test('it finds keys whose hash is that of a part of their bytes', async () => {
    const key = timeWindowed(serdes.string, 10)
    const engine = new SlowEngine(new MemoryEngine())
    const spec = { kind: 'keyValue' as const, name: 'store', key: untyped(key) }
    const world = new StateWorld([resolvedStore(spec, { readBySourceKey: true })], { engine })
    const window = { key: 'k', window: { start: 0, end: 10 } }
    const face = (): { get(at: unknown): unknown; put(at: unknown, put: string): void; range(): Scan<[unknown, string]> } =>
      untyped(world.keyValues())
    face().put(window, 'first')
    await world.commit()
    await world.crash()
    const bytes = key.serialize(window)
    await world.state.prefetch({ ...pack([[bytes, null]]), keyHash: Int32Array.of(murmur2(bytes)) }, 0, 1)
    expect(face().get(window)).toBe('first')
    face().put(window, 'second')
    const rows: unknown[] = []
    for await (const [, value] of face().range()) rows.push(value)
    expect(rows).toEqual(['second'])
  })
})

describe('entries that leave', () => {
  test('what was used since stays, what was not goes', async () => {
    const { world } = slow(10 * 128)
    for (let i = 0; i < 10; i++) world.keyValues().put(`k${i}`, 'v')
    await world.commit()
    expect(world.state.metrics().get('store')).toEqual({ entries: 10 })
    // One above the bound: all were used since the hand came by last, so it goes round twice, and takes the first three.
    world.keyValues().put('k10', 'v')
    await world.commit()
    expect(world.state.metrics().get('store')).toEqual({ entries: 8 })
    for (const key of ['k3', 'k4']) await world.state.slots('store').find(key)
    for (const key of ['k5', 'k6']) await world.keyValues().get(key)
    for (const key of ['x', 'y', 'z']) world.keyValues().put(key, 'v')
    await world.commit()
    const resident = Array.from({ length: 11 }, (_, i) => `k${i}`).filter((key) => isResident(world, key))
    expect(resident).toEqual(['k3', 'k4', 'k5', 'k6', 'k10'])
  })

  test('a store that has let go of nothing reads nothing', async () => {
    const { world, engine } = slow(1 << 20)
    world.keyValues().put('a', 'a')
    await world.commit()
    expect(world.keyValues().get('none')).toBeUndefined()
    expect(engine.keysRead).toBe(0)
  })
})

describe('slots', () => {
  test('a key of the source is taken as its bytes and hash are in the batch, where the store is read by it', () => {
    for (const readBySourceKey of [true, false]) {
      const store = resolvedStore({ kind: 'keyValue', name: 'store' }, { readBySourceKey })
      const world = new StateWorld([store], { engine: new MemoryEngine() })
      // Bytes that the key would not be written as show where they are from.
      const rows = hashed('before', 'as read')
      Object.assign(world.record, { rows, index: 1, keyHash: rows.keyHash[1], sourceKey: 'k' })
      world.keyValues().put('k', 'v')
      world.record.sourceKey = 'another'
      expect(world.keyValues().get('as read')).toBe(readBySourceKey ? 'v' : undefined)
      expect(world.keyValues().get('k')).toBe(readBySourceKey ? undefined : 'v')
    }
  })

  test('a slot has its key, value and time, and the value of the last flush where the store keeps it', async () => {
    const store = resolvedStore({ kind: 'keyValue', name: 'store' }, { keepsPrior: true })
    const world = new StateWorld([store], { engine: new SlowEngine(new MemoryEngine()), cacheBytes: 0 })
    world.keyValues().put('k', 'first', { timestamp: 3 })
    await world.commit()
    const slots = world.state.slots('store')
    const slot = await slots.find('k')
    expect([slots.key(slot), slots.value(slot), slots.timestamp(slot), slots.prior(slot)]).toEqual(['k', 'first', 3, 'first'])
    slots.set(slot, 'second', 4, undefined)
    expect([slots.value(slot), slots.timestamp(slot), slots.prior(slot)]).toEqual(['second', 4, 'first'])
    await world.flush()
    expect(slots.prior(slot)).toBe('second')
  })
})

describe('scans', () => {
  test('plain iteration works where the store answers at once, and says what to write where it does not', async () => {
    const { world } = slow(1 << 20)
    world.keyValues().put('a', '1')
    world.keyValues().put('b', '2')
    expect([...world.keyValues().range()]).toEqual([['a', '1'], ['b', '2']]) // prettier-ignore
    await world.commit()
    await world.crash()
    expect(() => [...world.keyValues().range()]).toThrow(expect.objectContaining({ code: 'STORE_ASYNC_SCAN' }))
  })

  test('a range whose end is before its start has no rows', async () => {
    const { world } = slow(0)
    for (const key of ['a', 'b', 'c']) world.keyValues().put(key, key)
    await world.commit()
    world.keyValues().put('b', 'new')
    const rows: unknown[] = []
    for await (const row of world.keyValues().range({ from: 'c', to: 'a' })) rows.push(row)
    expect(rows).toEqual([])
  })
})

describe('what it refuses', () => {
  test('a key of null or undefined is refused by every call, before and after entries have left', async () => {
    const { world } = slow()
    for (let round = 0; round < 2; round++) {
      for (const key of [null, undefined]) {
        const face = world.keyValues()
        const none = untyped(key)
        const calls = [
          () => face.get(none),
          () => face.entry(none),
          () => face.delete(none),
          () => face.put(none, 'v'),
          () => face.putIfAbsent(none, 'v'),
        ]
        for (const call of calls) expect(call).toThrow(expect.objectContaining({ code: 'SERDE_ENCODE' }))
      }
      world.keyValues().put('k', 'v')
      await world.commit()
    }
    expect(await world.keyValues().get('k')).toBe('v')
  })

  test('a value of undefined deletes, as null does', () => {
    const { world } = slow()
    world.keyValues().put('k', 'v')
    world.keyValues().put('k', untyped(undefined))
    expect(world.keyValues().get('k')).toBeUndefined()
    world.keyValues().put('other', untyped(undefined))
    expect(world.keyValues().approximateSize()).toBe(0)
  })

  test('a face that is kept refuses when its task was closed, also what is in memory', async () => {
    const { world } = slow()
    const face = world.keyValues()
    face.put('k', 'v')
    await world.state.close()
    const calls = [
      () => face.get('k'),
      () => face.entry('k'),
      () => face.put('k', 'w'),
      () => face.putIfAbsent('k', 'w'),
      () => face.delete('k'),
      () => face.range(),
      () => face.approximateSize(),
    ]
    for (const call of calls) expect(call).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }))
  })
})

function slow(cacheBytes = 0): { readonly world: StateWorld; readonly engine: SlowEngine } {
  const engine = new SlowEngine(new MemoryEngine())
  const store = resolvedStore({ kind: 'keyValue', name: 'store' }, { readBySourceKey: true })
  return { world: new StateWorld([store], { engine, cacheBytes }), engine }
}

/** Holds reads back until what it answers is called. */
function gate(engine: SlowEngine): () => void {
  let open = (): void => undefined
  engine.gate = new Promise((settle) => {
    open = settle
  })
  return open
}

function isResident(world: StateWorld, key: string): boolean {
  return world.state.prefetch(hashed(key), 0, 1) === undefined
}

function hashed(...keys: readonly (string | null)[]): HashedRows {
  const rows = pack(keys.map((key) => [key ?? '', null]))
  for (const [i, key] of keys.entries()) if (key === null) rows.keyLength[i] = -1
  return { ...rows, keyHash: Int32Array.from(keys, (key) => (key === null ? 0 : murmur2(utf8(key)))) }
}
