import { expect, test } from 'vitest'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import { resolvedStore, StateWorld } from '../support/state-world.ts'

const MINUTE = 60_000
const spec = { kind: 'window' as const, name: 'store', sizeMs: 10, retentionMs: 40, engine: 'rocksdb' }

function opened(parity: boolean, duplicates = false): StateWorld {
  return new StateWorld([{ ...resolvedStore({ ...spec, duplicates }), parity }], { engine: new MemoryEngine(), everyWrite: true })
}

/** Puts windows of two keys, and answers how they are listed. */
function listed(world: StateWorld, starts: readonly number[]): string[] {
  for (const start of starts) for (const key of ['a', 'b']) world.windows().put(key, 'v', start)
  return [...world.windows().fetchAll()].map(([{ key, window }]) => `${key}${window.start}`)
}

test('entries are listed by time, then key; by segment, then key where Kafka Streams’ persistent stores are to be equalled', () => {
  const starts = [MINUTE - 2, MINUTE - 1, MINUTE, MINUTE + 1]
  const byTime = ['a59998', 'b59998', 'a59999', 'b59999', 'a60000', 'b60000', 'a60001', 'b60001']
  const bySegment = ['a59998', 'a59999', 'b59998', 'b59999', 'a60000', 'a60001', 'b60000', 'b60001']
  expect(listed(opened(false), starts)).toEqual(byTime)
  expect(listed(opened(true), starts)).toEqual(bySegment)
})

test('what is expired but of a living segment is written there, though nobody reads it', () => {
  const counts = [false, true].map((parity) => {
    const world = opened(parity)
    world.windows().put('a', 'new', 2 * MINUTE)
    world.windows().put('a', 'old', 2 * MINUTE - 40)
    const expired = world.expired
    world.windows().put('a', 'older', MINUTE - 1)
    expect(world.windows().get('a', 2 * MINUTE - 40)).toBeUndefined()
    return [expired, world.expired, world.changelogs.of('store').length]
  })
  expect(counts).toEqual([
    [1, 2, 1],
    [0, 1, 3],
  ])
})

test('a null among duplicates moves the time of the store, but not of Kafka Streams’ persistent one, which never sees it', () => {
  const found = [false, true].map((parity) => {
    const world = opened(parity, true)
    world.windows().put('a', 'old', 5)
    world.windows().put('a', null, 2 * MINUTE)
    world.windows().put('a', null, 5)
    return [[...world.windows().fetch('a', {})].length, world.expired, world.changelogs.of('store').length]
  })
  expect(found).toEqual([
    [0, 1, 3],
    [1, 0, 3],
  ])
})

test('what has ended is listed by time, then key, between two times, without what is deleted or expired', () => {
  const world = opened(false)
  const slots = world.state.windowSlots('store')
  for (const start of [5, MINUTE + 5, MINUTE + 20]) for (const key of ['b', 'a', 'gone']) world.windows().put(key, 'v', start)
  for (const start of [MINUTE + 5, MINUTE + 20]) world.windows().put('gone', null, start)
  const into: number[] = []
  const listedBetween = (from: number, to: number): string[] => {
    const count = slots.ended(from, to, into)
    return into.slice(0, Number(count)).map((slot) => `${String(slots.key(slot).key)}${slots.start(slot)}`)
  }
  expect(listedBetween(0, MINUTE + 19)).toEqual(['a60005', 'b60005'])
  expect(listedBetween(MINUTE + 5, MINUTE + 20)).toEqual(['a60005', 'b60005', 'a60020', 'b60020'])
  expect(listedBetween(MINUTE + 6, MINUTE + 19)).toEqual([])
})

test('entries that a step hasn’t handed on yet stay, here and in the engine', async () => {
  const world = opened(false)
  let held = 0
  const holding = (): void => world.state.windowSlots('store').closes(() => held)
  holding()
  world.windows().put('a', 'old', 5)
  world.windows().put('a', 'new', 10 * MINUTE)
  await world.commit()
  expect(world.windows().get('a', 5)).toBe('old')
  await world.rollBack()
  expect(world.windows().get('a', 5)).toBe('old')
  held = 2 * MINUTE
  expect(world.windows().get('a', 5)).toBeUndefined()
  world.windows().put('a', 'newer', 10 * MINUTE + 1)
  await world.commit()
  expect(world.state.metrics().get('store')).toEqual({ entries: 2 })
})

test('the store below Kafka Streams’ cache hears of no delete of nothing, so its time stays', async () => {
  const lengths = await Promise.all(
    [false, true].map(async (parity) => {
      const store = { ...resolvedStore({ ...spec, engine: 'memory' }), parity }
      const world = new StateWorld([store], { engine: new MemoryEngine(), everyWrite: true })
      world.state.windowSlots('store').onFlush(() => undefined)
      for (const [value, start] of [
        ['v', 5],
        [null, 50],
      ] as const) {
        // prettier-ignore
        world.windows().put('a', value, start)
        await world.commit()
      }
      return [...world.windows().fetchAll()].length
    }),
  )
  expect(lengths).toEqual([0, 1])
})
