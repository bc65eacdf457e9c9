import { describe, expect, test } from 'vitest'
import { utf8 } from '../../src/base/text.ts'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import { windowSuite } from '../contract/window-face.ts'
import { ALL, list, pack } from '../support/engine-rows.ts'
import { resolvedStore, restoreRows, SlowEngine, StateWorld } from '../support/state-world.ts'
import { untyped } from '../support/untyped.ts'

windowSuite('memory', () => Promise.resolve(new MemoryEngine()))
windowSuite('an engine that answers promises', () => Promise.resolve(new SlowEngine(new MemoryEngine())))

const MINUTE = 60_000

/** A store of windows of ten seconds that are kept for two minutes, in segments of a minute. */
function opened(): StateWorld {
  const spec = { kind: 'window' as const, name: 'store', sizeMs: 10_000, retentionMs: 2 * MINUTE }
  return new StateWorld([resolvedStore(spec)], { engine: new MemoryEngine() })
}

/** How many rows of the store the engine has. */
async function rowsOf({ engine }: StateWorld): Promise<number> {
  return (await list(engine, ALL)).filter(([key]) => key.startsWith('\0\u0001')).length
}

describe('expiry', () => {
  test('is strict to the millisecond, for reads and writes', () => {
    const world = opened()
    const face = world.windows()
    face.put('k', 'old', 1000)
    face.put('k', 'next', 1001)
    face.put('k', 'new', 1000 + 2 * MINUTE)
    expect([face.get('k', 1000), face.get('k', 1001)]).toEqual([undefined, 'next'])
    expect([...face.fetch('k', {})].map(([start]) => start)).toEqual([1001, 1000 + 2 * MINUTE])
    face.put('k', 'late', 1000)
    expect(world.expired).toBe(1)
    face.put('k', 'in time', 1001)
    expect([world.expired, face.get('k', 1001)]).toEqual([1, 'in time'])
  })

  test('a write to a slot that expired since it was found vanishes and is counted', () => {
    const world = opened()
    const slots = world.state.windowSlots('store')
    const slot = Number(slots.find('k', 0))
    world.windows().put('k', 'new', 5 * MINUTE)
    slots.set(slot, 'late', 1, undefined)
    expect([slots.value(slot), world.expired]).toEqual([undefined, 1])
  })

  test('a segment leaves memory and engine at the landing after its last millisecond expired, not before', async () => {
    const world = opened()
    world.windows().put('k', 'first', 0)
    world.windows().put('k', 'last', MINUTE - 1)
    await world.commit()
    world.windows().put('k', 'new', 3 * MINUTE - 2)
    await world.commit()
    expect(world.windows().get('k', MINUTE - 1)).toBe('last')
    expect([await rowsOf(world), world.state.metrics().get('store')]).toEqual([3, { entries: 3 }])
    world.windows().put('k', 'new', 3 * MINUTE - 1)
    await world.commit()
    expect([await rowsOf(world), world.state.metrics().get('store')]).toEqual([2, { entries: 2 }])
  })

  test('a window that expired in the epoch that wrote it leaves the engine with a later landing', async () => {
    const world = opened()
    for (let minute = 0; minute <= 60; minute++) world.windows().put('k', 'v', minute * MINUTE)
    await world.commit()
    expect(await rowsOf(world)).toBe(61)
    world.windows().put('k', 'new', 60 * MINUTE + 1)
    await world.commit()
    expect(await rowsOf(world)).toBe(4)
    expect(world.state.metrics().get('store')).toEqual({ entries: 4 })
  })

  test('what expired by writes that are not committed is in the engine still, and there again after a roll-back', async () => {
    const world = opened()
    world.windows().put('k', 'old', 0)
    await world.flush()
    world.windows().put('k', 'new', 60 * MINUTE)
    expect(world.windows().get('k', 0)).toBeUndefined()
    await world.land()
    expect(await rowsOf(world)).toBe(1)
    await world.rollBack()
    expect([...world.windows().fetch('k', {})]).toEqual([[0, 'old']])
  })

  test('windows that expired while the store was closed are not loaded, and their range is deleted', async () => {
    const world = opened()
    for (const start of [0, MINUTE, 5 * MINUTE]) world.windows().put('k', 'v', start)
    await world.commit()
    await world.crash()
    expect(world.state.metrics().get('store')).toEqual({ entries: 1 })
    expect(await rowsOf(world)).toBe(3)
    await world.commit()
    expect(await rowsOf(world)).toBe(1)
  })

  test('windows that are expired when they are restored are not written to the engine', async () => {
    const world = opened()
    for (const start of [0, 5 * MINUTE]) world.windows().put('k', 'v', start)
    await world.flush()
    const records = [...world.changelogs.of('store')].reverse()
    const other = opened()
    await other.state.restore('store', restoreRows(records), 2)
    await other.state.restored()
    expect(await rowsOf(other)).toBe(1)
    expect([...other.windows().fetchAll()]).toHaveLength(1)
  })
})

describe('restoring', () => {
  test('takes the last record of a window, a delete too, and keeps times', async () => {
    const world = opened()
    world.windows().put('k', 'first', 1, { timestamp: 7 })
    await world.flush()
    world.windows().put('k', 'second', 1, { timestamp: 8 })
    world.windows().put('gone', 'v', 1)
    await world.flush()
    world.windows().put('gone', null, 1)
    await world.flush()
    const other = opened()
    await other.state.restore('store', restoreRows(world.changelogs.of('store')), 4)
    await other.state.restored()
    expect([...other.windows().fetchAll()]).toEqual([[{ key: 'k', window: { start: 1, end: 10_001 } }, 'second']])
    const slots = other.state.windowSlots('store')
    expect(slots.timestamp(Number(slots.find('k', 1)))).toBe(8)
    expect(await rowsOf(other)).toBe(1)
  })

  test('a delete of a window that was restored is told to changelog and engine', async () => {
    const world = opened()
    world.windows().put('k', 'v', 1)
    await world.crashBeforeLanding()
    world.windows().put('k', null, 1)
    await world.commit()
    expect(await rowsOf(world)).toBe(0)
    expect(world.changelogs.of('store').map(({ value }) => value === null)).toEqual([false, true])
  })

  test('passes over records that are no windows', async () => {
    const world = opened()
    await world.state.restore('store', restoreRows([{ key: utf8('short'), value: utf8('v'), timestamp: 0 }]), 1)
    await world.state.restored()
    expect([[...world.windows().fetchAll()], await rowsOf(world)]).toEqual([[], 0])
  })

  test('a row of the engine that is no window is damage', async () => {
    const world = opened()
    await world.commit()
    world.windows().put('k', 'v', 1)
    await world.commit()
    await world.engine.write({ rows: pack([['\0\u0001short', 'v']]), deleteRanges: [] })
    await expect(world.crash()).rejects.toMatchObject({ code: 'STATE_CORRUPT' })
  })
})

test('many windows of many keys are found by key and start, and listed by start and then key', async () => {
  const world = opened()
  const keys = Array.from({ length: 150 }, (_, i) => `key-${(i * 37) % 150}-${'x'.repeat(i * 3)}`)
  for (const key of keys) for (const start of [30, 10, 20]) world.windows().put(key, `${key}@${start}`, start)
  await world.commit()
  for (const key of keys) expect([...world.windows().fetch(key, { from: 11, to: 30 })].map(([start]) => start)).toEqual([20, 30])
  const all = [...world.windows().fetchAll()].map(([{ key, window }]) => `${window.start}:${key}`)
  expect(all).toEqual([10, 20, 30].flatMap((start) => [...keys].sort().map((key) => `${start}:${key}`)))
  await world.crash()
  expect([...world.windows().fetchAll()].map(([, value]) => value)).toHaveLength(450)
  expect(world.windows().get(keys[9]!, 20)).toBe(`${keys[9]!}@20`)
})

test('slots emit at a flush in order of last write, with key, value, time and the value of the flush before', async () => {
  const spec = { kind: 'window' as const, name: 'store', sizeMs: 10_000, retentionMs: 2 * MINUTE }
  const world = new StateWorld([resolvedStore(spec, { keepsPrior: true, readBySourceKey: true })], { engine: new MemoryEngine() })
  const slots = world.state.windowSlots('store')
  const emitted: unknown[] = []
  slots.onFlush((slot) => {
    const { key, window } = slots.key(slot)
    emitted.push([key, window.start, slots.value(slot), slots.timestamp(slot), slots.prior(slot)])
  })
  world.windows().put('a', '1', 10, { timestamp: 5 })
  await world.commit()
  world.windows().put('a', '2', 10, { timestamp: 6 })
  world.windows().put('b', '3', 20, { timestamp: 7 })
  world.windows().put('a', '4', 10, { timestamp: 8 })
  await world.commit()
  expect(emitted).toEqual([['a', 10, '1', 5, undefined], ['b', 20, '3', 7, undefined], ['a', 10, '4', 8, '1']]) // prettier-ignore
  world.state.touch(Int32Array.of(1, 2), 0, 2)
  expect(world.windows().get('a', 10)).toBe('4')
})

test('the end of the last window stays a safe integer', () => {
  const world = opened()
  world.windows().put('k', 'v', Number.MAX_SAFE_INTEGER - 1)
  expect([...world.windows().fetchAll()][0]![0].window.end).toBe(Number.MAX_SAFE_INTEGER)
})

describe('what it refuses', () => {
  test('a key of null or undefined', () => {
    const face = opened().windows()
    for (const key of [null, undefined]) {
      const none = untyped(key)
      for (const call of [() => face.get(none, 0), () => face.put(none, 'v', 0), () => face.fetch(none, {})])
        expect(call).toThrow(expect.objectContaining({ code: 'SERDE_ENCODE' }))
    }
  })

  test('calls of a face that is kept when its task was closed', async () => {
    const world = opened()
    const face = world.windows()
    face.put('k', 'v', 0)
    await world.state.close()
    for (const call of [() => face.get('k', 0), () => face.put('k', 'v', 0), () => face.fetch('k', {}), () => face.fetchAll()])
      expect(call).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }))
  })
})
