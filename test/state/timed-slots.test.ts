import { expect, test } from 'vitest'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import { resolvedStore, StateWorld } from '../support/state-world.ts'

const MINUTE = 60_000
const spec = { kind: 'window' as const, name: 'store', sizeMs: 10, retentionMs: 40, engine: 'rocksdb' }

function opened(parity: boolean): StateWorld {
  return new StateWorld([{ ...resolvedStore(spec), parity }], { engine: new MemoryEngine(), everyWrite: true })
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
