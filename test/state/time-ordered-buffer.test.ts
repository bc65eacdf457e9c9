import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes, writeInt64 } from '../../src/base/bytes.ts'
import { utf8 } from '../../src/base/text.ts'
import { serdes } from '../../src/model/serdes.ts'
import type { Engine } from '../../src/state/engine.ts'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import type { Buffered, TimeOrderedBuffer } from '../../src/state/store-spec.ts'
import { resolvedStore, SlowEngine, StateWorld } from '../support/state-world.ts'
import { untyped } from '../support/untyped.ts'

interface Given {
  readonly keepsAll: boolean
  readonly everyWrite: boolean
}

function opened(engine: Engine, { keepsAll, everyWrite }: Given): StateWorld {
  return new StateWorld([resolvedStore({ kind: 'buffer', name: 'store', keepsAll, countsBytes: true })], { engine, everyWrite })
}

const face = (world: StateWorld): TimeOrderedBuffer<string, string> => untyped(world.state.store('store'))

/** What a buffer is: a list, sorted when somebody asks for the first. */
interface Waiting {
  readonly id: Uint8Array
  readonly key: string
  readonly time: number
  readonly prior: string | null
  readonly old: string | null
  readonly value: string | null
  readonly at: number
}

class Naive {
  rows: readonly Waiting[] = []
  puts = 0

  put(given: Pick<Waiting, 'key' | 'time' | 'old' | 'value' | 'at'>, keepsAll: boolean): void {
    const { key, time, old } = given
    const id = keepsAll ? new Uint8Array([0, ...at8(time), ...utf8(key), 0, 0, 0, ++this.puts]) : utf8(key)
    const before = keepsAll ? undefined : this.rows.find((row) => row.key === key)
    const row = { ...given, id, time: before?.time ?? time, prior: before === undefined ? old : before.prior }
    this.rows = [...this.rows.filter((one) => one !== before), row].sort((a, b) => a.time - b.time || compareBytes(a.id, b.id))
  }

  evict(): Waiting | undefined {
    const [first] = this.rows
    this.rows = this.rows.slice(1)
    return first
  }
}

function at8(time: number): Uint8Array {
  const bytes = new Uint8Array(8)
  writeInt64(bytes, 0, time)
  return bytes
}

const value = fc.option(fc.constantFrom('', 'v', 'w'), { freq: 4 })
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constant('put' as const), fc.constantFrom('', 'k', 'k0', 'é'), fc.nat(20), value, value) },
    { weight: 4, arbitrary: fc.tuple(fc.constant('evict' as const)) },
    { weight: 2, arbitrary: fc.tuple(fc.constantFrom('commit' as const, 'rollBack' as const, 'crash' as const, 'lose' as const)) },
  ),
  { maxLength: 40 },
)

async function agree(engine: Engine, given: Given, run: readonly (readonly unknown[])[]): Promise<void> {
  const world = opened(engine, given)
  const naive = new Naive()
  let committed = naive.rows
  for (const [name, ...args] of run) {
    world.record.timestamp++
    if (name === 'put') {
      const [key, time, put, old]: [string, number, string | null, string | null] = untyped(args)
      face(world).put(key, time, { value: put, old }, world.record)
      naive.put({ key, time, value: put, old, at: world.record.timestamp }, given.keepsAll)
    } else if (name === 'evict') expect(leaving(face(world).evict())).toEqual(leaving(naive.evict()))
    else {
      // What the changelog has and the engine lost is restored.
      if (name === 'commit') await world.commit()
      else if (name === 'rollBack') await world.rollBack()
      else if (name === 'crash') await world.crash()
      else await world.crashBeforeLanding()
      if (name === 'commit' || name === 'lose') committed = naive.rows
      else naive.rows = committed
    }
    const { size, minTime } = face(world)
    expect({ size, minTime }).toEqual({ size: naive.rows.length, minTime: naive.rows[0]?.time ?? Infinity })
    for (const key of ['', 'k']) expect(face(world).prior(key)).toEqual(given.keepsAll ? undefined : priorOf(naive, key))
  }
  const { bytes, size } = face(world)
  if (size === 0) expect(bytes).toBe(0)
  await world.commit()
  await restored(world, given)
}

/** A store equals the replay of its changelog. */
async function restored(world: StateWorld, given: Given): Promise<void> {
  const copy = opened(new MemoryEngine(), given)
  copy.changelogs.of('store').push(...world.changelogs.of('store'))
  await copy.restoreTail()
  expect(copy.state.dump('store')).toEqual(world.state.dump('store'))
  expect(face(copy).bytes).toBe(face(world).bytes)
}

function leaving(row: Buffered<string, string> | Waiting | undefined): unknown {
  if (row === undefined) return undefined
  return [row.key, row.value, row.old, 'at' in row ? row.at : row.record.timestamp]
}

function priorOf({ rows }: Naive, key: string): unknown {
  const row = rows.find((one) => one.key === key)
  return row === undefined ? undefined : { value: row.prior }
}

const settings = fc.record({ keepsAll: fc.boolean(), everyWrite: fc.boolean(), slow: fc.boolean() })

test('rows leave by time, then by the bytes of their ids, over commits, roll-backs, crashes and restores', () =>
  fc.assert(
    fc.asyncProperty(steps, settings, async (run, { slow, ...given }) => {
      const memory = new MemoryEngine()
      await agree(slow ? new SlowEngine(memory) : memory, given, run)
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) },
  ))

describe('the changelog', () => {
  const put = (world: StateWorld, key: string): void => face(world).put(key, 1, { value: 'v', old: null }, world.record)

  test('has one record a key and flush, with the version in its headers; a row that came and went is told to nobody', async () => {
    const world = opened(new MemoryEngine(), { keepsAll: false, everyWrite: false })
    put(world, 'k')
    put(world, 'k')
    await world.commit()
    put(world, 'a')
    face(world).evict()
    put(world, 'b')
    face(world).evict()
    await world.commit()
    expect(world.changelogs.of('store').map(({ key, value: written }) => [String.fromCharCode(...key), written === null])).toEqual([
      ['k', false],
    ])
    face(world).evict()
    await world.commit()
    expect(world.changelogs.of('store').at(-1)).toMatchObject({ key: utf8('k'), value: null })
  })

  test('is written in the order of a Java hash set, whose table stays as large as it was', async () => {
    const world = opened(new MemoryEngine(), { keepsAll: false, everyWrite: true })
    const written = async (keys: readonly string[]): Promise<string[]> => {
      const from = world.changelogs.of('store').length
      for (const key of keys) put(world, key)
      await world.commit()
      return world.changelogs
        .of('store')
        .slice(from)
        .map(({ key }) => String.fromCharCode(...key))
    }
    // Hashes: 'q' 144, 'b' 129; 16 buckets list q (0) first, 32 list b (1) first.
    expect(await written(['b', 'q'])).toEqual(['q', 'b'])
    await written(Array.from({ length: 13 }, (_, i) => String.fromCharCode(65 + i)))
    expect(await written(['q', 'b'])).toEqual(['b', 'q'])
  })

  test('of rows that are all kept has each write at once, where every write is logged', () => {
    const world = opened(new MemoryEngine(), { keepsAll: true, everyWrite: true })
    put(world, 'k')
    put(world, 'k')
    face(world).evict()
    expect(world.changelogs.of('store').map(({ key, value: written }) => [key.at(-1), written === null])).toEqual([
      [1, false],
      [2, false],
      [1, true],
    ])
  })
})

test('counts what waits in bytes where its spec says so, and nothing else', () => {
  const world = opened(new MemoryEngine(), { keepsAll: false, everyWrite: false })
  const buffer = face(world)
  buffer.put('key', 5, { value: 'value', old: null }, world.record)
  expect(buffer.bytes).toBe(8 + 3 + 20 + 5)
  buffer.put('key', 6, { value: 'v', old: 'value' }, world.record)
  expect(buffer.bytes).toBe(8 + 3 + 20 + 1 + 5)
  buffer.evict()
  expect(buffer.bytes).toBe(0)
})

test('refuses null keys, and every write after its task was closed', async () => {
  const world = opened(new MemoryEngine(), { keepsAll: false, everyWrite: false })
  const buffer = face(world)
  expect(() => buffer.put(untyped(null), 1, { value: null, old: null }, world.record)).toThrow(
    expect.objectContaining({ code: 'SERDE_ENCODE' }),
  )
  expect(buffer.prior(untyped(null))).toBeUndefined()
  await world.state.close()
  expect(() => buffer.evict()).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }))
  expect(() => buffer.put('k', 1, { value: 'v', old: null }, world.record)).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }))
})

test('finds a row by a key whose last bytes don’t decide its partition', () => {
  const key = serdes.timeWindowed(serdes.string, 10)
  const world = new StateWorld([resolvedStore({ kind: 'buffer', name: 'store', key })], { engine: new MemoryEngine(), everyWrite: false })
  const buffer: TimeOrderedBuffer<unknown, string> = untyped(world.state.store('store'))
  const at = (start: number): unknown => ({ key: 'k', window: { start, end: start + 10 } })
  buffer.put(at(20), 30, { value: 'new', old: 'before' }, world.record)
  expect(buffer.prior(at(20))).toEqual({ value: 'before' })
  expect(buffer.prior(at(30))).toBeUndefined()
})
