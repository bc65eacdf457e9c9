import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Engine } from '../../src/state/engine.ts'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import type { Scan, VersionedKeyValueStore } from '../../src/state/store-spec.ts'
import { NaiveVersions } from '../support/naive-versions.ts'
import { ALL, list } from '../support/engine-rows.ts'
import { resolvedStore, SlowEngine, StateWorld, type WorldOptions } from '../support/state-world.ts'
import { untyped } from '../support/untyped.ts'

const HISTORY = 10

function opened(engine: Engine, options: Partial<WorldOptions> = {}, more: { segmentMs?: number } = {}): StateWorld {
  const store = resolvedStore({ kind: 'versioned', name: 'store', historyMs: HISTORY, ...more }, { readBySourceKey: true })
  return new StateWorld([store], { engine, ...options })
}

const face = (world: StateWorld): VersionedKeyValueStore<string, string> => untyped(world.state.store('store'))

async function read<T>(scan: Scan<T>): Promise<T[]> {
  const rows: T[] = []
  for await (const row of scan) rows.push(row)
  return rows
}

/** What a versioned store is: the versions of each key, and a time that rejects what is older than the history. */
class Naive {
  keys = new Map<string, NaiveVersions>()
  time = -1

  of(key: string): NaiveVersions {
    const known = this.keys.get(key) ?? new NaiveVersions()
    this.keys.set(key, known)
    return known
  }

  put(key: string, value: string | null, version: number): number | undefined {
    if (version < this.time - HISTORY) return undefined
    this.time = Math.max(this.time, version)
    return this.of(key).put(version, value)
  }

  get(key: string, asOf: number): unknown {
    const found = this.of(key).at(asOf)
    return asOf < this.time - HISTORY && found?.validTo !== Infinity ? undefined : found
  }

  history(key: string, from: number, to: number): unknown[] {
    const rows = this.of(key)
      .all()
      .filter(([since, until]) => since <= to && until > from && until - 1 >= this.time - HISTORY)
    return rows.map(([validFrom, validTo, value]) => ({ value, validFrom, validTo }))
  }

  copy(): Naive {
    const copied = new Naive()
    copied.time = this.time
    copied.keys = new Map([...this.keys].map(([key, versions]) => [key, versions.copy()]))
    return copied
  }
}

const key = fc.constantFrom('', 'k', 'k0', 'é')
const time = fc.nat(40)
const steps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.tuple(fc.constant('put' as const), key, time, fc.option(fc.constantFrom('v', 'w', ''), { freq: 3 })) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('delete' as const), key, time) },
    { weight: 3, arbitrary: fc.tuple(fc.constant('get' as const), key, time) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('history' as const), key, time, time) },
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom('commit' as const, 'rollBack' as const, 'crash' as const, 'lose' as const)) },
  ),
  { maxLength: 40 },
)
type Step = readonly [string, ...(string | number | null)[]]

async function agree(world: StateWorld, run: readonly Step[]): Promise<void> {
  let naive = new Naive()
  let committed = naive.copy()
  for (const [name, ...args] of run) {
    const [at, version, value]: [string, number, string & number] = untyped(args)
    if (name === 'put') expect(await face(world).put(at, value, version)).toBe(naive.put(at, value, version))
    else if (name === 'delete') {
      const before = version < naive.time - HISTORY ? undefined : naive.get(at, version)
      expect(await face(world).delete(at, version)).toEqual(before)
      naive.put(at, null, version)
    } else if (name === 'get') {
      expect(await face(world).get(at, version)).toEqual(naive.get(at, version))
      expect(await face(world).get(at)).toEqual(naive.of(at).newest === undefined ? undefined : naive.of(at).at(Infinity))
    } else if (name === 'history')
      expect(await read(face(world).history(at, { from: version, to: value }))).toEqual(naive.history(at, version, value))
    else if (name === 'commit' || name === 'lose') {
      await (name === 'commit' ? world.commit() : world.crashBeforeLanding())
      committed = naive.copy()
    } else {
      await (name === 'crash' ? world.crash() : world.rollBack())
      naive = committed.copy()
    }
  }
  await world.commit()
}

/** A store equals the replay of its changelog: also what a later put is told. */
async function restored(world: StateWorld): Promise<void> {
  const copy = opened(new MemoryEngine())
  copy.changelogs.of('store').push(...world.changelogs.of('store'))
  await copy.restoreTail()
  for (const at of ['', 'k', 'k0', 'é']) await face(world).get(at)
  const held = (one: StateWorld): unknown => one.state.dump('store')
  expect(held(copy)).toEqual(held(world))
  for (const at of ['', 'k', 'k0', 'é'])
    for (const version of [38, 35, 39]) expect(await face(copy).put(at, 'x', version)).toBe(await face(world).put(at, 'x', version))
}

test('answers what held when, over commits, roll-backs, crashes and restores', () =>
  fc.assert(
    fc.asyncProperty(steps, fc.boolean(), fc.boolean(), fc.constantFrom(0, 500, 1 << 20), async (run, slow, everyWrite, cacheBytes) => {
      const memory = new MemoryEngine()
      const world = opened(slow ? new SlowEngine(memory) : memory, { everyWrite, cacheBytes })
      await agree(world, untyped(run))
      await restored(world)
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 150) },
  ))

describe('a versioned store', () => {
  test('logs every put in order with its version as the time, rejected ones only where every write is logged', async () => {
    const logged = async (everyWrite: boolean): Promise<unknown[]> => {
      const world = opened(new MemoryEngine(), { everyWrite })
      await face(world).put('k', 'a', 20)
      await face(world).put('k', 'b', 15)
      await face(world).put('k', 'late', 9)
      await face(world).delete('k', 20)
      await world.commit()
      expect(world.expired).toBe(1)
      return world.changelogs.of('store').map(({ value, timestamp }) => [value && String.fromCharCode(...value), timestamp])
    }
    expect(await logged(false)).toEqual([
      ['a', 20],
      ['b', 15],
      [null, 20],
    ])
    expect(await logged(true)).toEqual([
      ['a', 20],
      ['b', 15],
      ['late', 9],
      [null, 20],
    ])
  })

  test('forgets by segments, in memory and in the engine: what a key was, when it is written or swept', async () => {
    const world = opened(new MemoryEngine(), {}, { segmentMs: 10 })
    const rows = async (): Promise<number> => (await list(world.engine, ALL)).filter(([row]) => row.startsWith('\0\u0001')).length
    await face(world).put('k', 'a', 0)
    await face(world).put('k', 'b', 9)
    await face(world).put('other', 'a', 3)
    await face(world).put('other', null, 4)
    await world.commit()
    await face(world).put('k', 'c', 19)
    await world.commit()
    // 19 − 10 is in the segment of 0 to 9, where a version ends.
    expect(await rows()).toBe(5)
    await face(world).put('k', 'd', 20)
    await world.commit()
    expect([await rows(), world.state.metrics().get('store')]).toEqual([3, { entries: 3 }])
    expect(await face(world).get('k', 19)).toMatchObject({ value: 'c', validFrom: 19, validTo: 20 })
  })

  test('has a key’s newest value in its slot, and what a write came to', async () => {
    const world = opened(new MemoryEngine())
    await face(world).put('k', 'a', 1)
    const slots = world.state.versionedSlots('store')
    const slot = Number(slots.find('k'))
    slots.set(slot, 'b', 2, undefined)
    expect([slots.value(slot), slots.timestamp(slot), slots.written, slots.key(slot)]).toEqual(['b', 2, Infinity, 'k'])
    slots.set(slot, 'c', 1, undefined)
    expect([slots.value(slot), slots.written, slots.at(slot, 1)]).toEqual(['b', 2, { value: 'c', validFrom: 1, validTo: 2 }])
  })

  test('a key that was let go is read again, with all its versions', async () => {
    const engine = new SlowEngine(new MemoryEngine())
    const world = opened(engine, { cacheBytes: 0 })
    await face(world).put('k', 'a', 1)
    await face(world).put('k', 'b', 2)
    await world.commit()
    expect(world.state.metrics().get('store')).toEqual({ entries: 0 })
    const waiting = face(world).get('k', 1)
    expect(waiting).toBeInstanceOf(Promise)
    expect(await waiting).toEqual({ value: 'a', validFrom: 1, validTo: 2 })
    expect([...face(world).history('k', {}, { reverse: true, limit: 1 })]).toMatchObject([{ value: 'b' }])
  })

  test('refuses null keys, and everything after its task was closed', async () => {
    const world = opened(new MemoryEngine())
    const store = face(world)
    expect(() => store.get(untyped(null))).toThrow(expect.objectContaining({ code: 'SERDE_ENCODE' }))
    await world.state.close()
    for (const call of [() => store.get('k'), () => store.put('k', 'v', 1), () => store.delete('k', 1), () => store.history('k', {})])
      expect(call).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }))
  })
})
