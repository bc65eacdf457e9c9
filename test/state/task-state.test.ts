import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import type { PackedRows } from '../../src/base/packed-rows.ts'
import { murmur2 } from '../../src/base/murmur2.ts'
import { utf8 } from '../../src/base/text.ts'
import { StateError } from '../../src/base/errors.ts'
import type { WriteBatch } from '../../src/state/engine.ts'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import type { ResolvedStore, Slots } from '../../src/state/store-spec.ts'
import { ALL, drain, list, pack } from '../support/engine-rows.ts'
import { resolvedStore, restoreRows, SlowEngine, StateWorld } from '../support/state-world.ts'
import { untyped } from '../support/untyped.ts'

const keyValue = (name: string, more: Partial<ResolvedStore> = {}): ResolvedStore => resolvedStore({ kind: 'keyValue', name }, more)
const window = (name: string): ResolvedStore => resolvedStore({ kind: 'window', name, sizeMs: 10, retentionMs: 600_000 })

function slotsOf(world: StateWorld, name: string): Slots<string, string> {
  return untyped(world.state.slots(name))
}

describe('a flush', () => {
  test('is repeated until no store is dirty: what it emits may be written to a store before it', () => {
    const world = new StateWorld([keyValue('first'), keyValue('second'), keyValue('third')], { engine: new MemoryEngine() })
    const emitted: string[] = []
    slotsOf(world, 'third').onFlush((slot) => {
      emitted.push(`third ${slotsOf(world, 'third').value(slot)}`)
      world.keyValues('first').put('k', 'of third')
    })
    slotsOf(world, 'first').onFlush((slot) => {
      emitted.push(`first ${slotsOf(world, 'first').value(slot)}`)
      world.keyValues('second').put('k', 'of first')
    })
    world.keyValues('third').put('k', 'written')
    expect(world.state.flush()).toBeUndefined()
    expect(emitted).toEqual(['third written', 'first of third'])
    expect(['first', 'second', 'third'].map((name) => world.changelogs.of(name).length)).toEqual([1, 1, 1])
  })

  test('waits for what it emits, also for what is written meanwhile', async () => {
    const world = new StateWorld([keyValue('first'), keyValue('second')], { engine: new MemoryEngine() })
    slotsOf(world, 'second').onFlush(async () => {
      await new Promise((settle) => setImmediate(settle))
      world.keyValues('first').put('k', 'later')
    })
    world.keyValues('second').put('k', 'written')
    await world.state.flush()
    expect(world.changelogs.of('first')).toHaveLength(1)
  })
})

/** An engine that notes its batches. */
class Watched extends MemoryEngine {
  readonly batches: WriteBatch[] = []

  override write(batch: WriteBatch): void {
    this.batches.push(batch)
    super.write(batch)
  }
}

describe('a landing', () => {
  test('is one batch of all stores with their marks', async () => {
    const engine = new Watched()
    const world = new StateWorld([keyValue('first'), window('windows')], { engine })
    world.state.follow('first', 'topic-id')
    world.keyValues('first').put('k', 'v')
    world.windows('windows').put('k', 'v', 77)
    await world.commit()
    expect(engine.batches.map(({ rows }) => rows.count)).toEqual([4])
    expect(await world.state.mark('first')).toEqual({ offset: 1, streamTime: -1, topicId: 'topic-id' })
    expect(await world.state.mark('windows')).toEqual({ offset: 1, streamTime: 77, topicId: '' })
  })

  test('of nothing writes nothing', async () => {
    const engine = new Watched()
    const world = new StateWorld([keyValue('store', { changelog: undefined })], { engine })
    await world.commit()
    world.keyValues().put('k', null)
    await world.commit()
    expect(engine.batches).toEqual([])
  })

  test('leaves alone what is written while it is on its way', async () => {
    const engine = new SlowEngine(new MemoryEngine())
    const world = new StateWorld([keyValue('store')], { engine, cacheBytes: 0 })
    world.keyValues().put('a', '1')
    await world.flush()
    const landing = world.land()
    world.keyValues().put('a', '2')
    world.keyValues().put('b', '2')
    await landing
    expect(world.keyValues().get('a')).toBe('2')
    expect(world.keyValues().get('b')).toBe('2')
    expect(world.state.uncommittedBytes).toBeGreaterThan(0)
    await world.commit()
    expect(world.state.uncommittedBytes).toBe(0)
    expect([await world.keyValues().get('a'), await world.keyValues().get('b')]).toEqual(['2', '2'])
  })
})

describe('opening an engine with content', () => {
  const filled = async (...stores: readonly ResolvedStore[]): Promise<StateWorld> => {
    const world = new StateWorld(stores, { engine: new MemoryEngine() })
    for (const { name, spec } of stores) {
      if (spec.kind === 'window') world.windows(name).put('k', name, 5)
      else world.keyValues(name).put('k', name)
    }
    await world.commit()
    return world
  }

  test('finds what was landed', async () => {
    const world = await filled(keyValue('first'), window('windows'))
    await world.crash()
    expect([world.keyValues('first').get('k'), world.windows('windows').get('k', 5)]).toEqual(['first', 'windows'])
  })

  test('deletes the rows and the mark of a store that is not good, and of no other', async () => {
    const world = await filled(keyValue('first'), keyValue('second'), window('third'))
    const again = new StateWorld([keyValue('first'), keyValue('second'), window('third')], { engine: world.engine })
    const marks: unknown[] = []
    await again.state.open((name, { offset }) => {
      marks.push([name, offset])
      return name !== 'second'
    })
    expect(marks).toEqual([['first', 1], ['second', 1], ['third', 1]]) // prettier-ignore
    expect([again.keyValues('first').get('k'), again.keyValues('second').get('k'), again.windows('third').get('k', 5)]).toEqual([
      'first',
      undefined,
      'third',
    ])
    expect(await again.state.mark('second')).toBeUndefined()
    expect((await list(world.engine, { from: Uint8Array.of(0, 1) })).map(([key]) => key.slice(0, 2))).toEqual(['\0\u0001', '\0\u0003'])
  })

  test('keeps the rows of stores without a changelog, which have no marks', async () => {
    const stores = [keyValue('first', { changelog: undefined }), { ...window('windows'), changelog: undefined }]
    const world = await filled(...stores)
    expect(await world.state.mark('first')).toBeUndefined()
    await world.crash()
    expect([world.keyValues('first').get('k'), world.windows('windows').get('k', 5)]).toEqual(['first', 'windows'])
  })

  test('deletes rows of a store that has a changelog now and had none', async () => {
    const before = await filled(keyValue('store', { changelog: undefined }))
    const world = new StateWorld([keyValue('store')], { engine: before.engine })
    await world.state.open(() => true)
    expect(await list(world.engine, ALL)).toEqual([])
    expect(world.keyValues().get('k')).toBeUndefined()
  })

  test('passes over stores that it has nothing of, which read nothing', async () => {
    const engine = new SlowEngine(new MemoryEngine())
    const world = new StateWorld([keyValue('store')], { engine })
    await world.state.open(() => false)
    const before = engine.keysRead
    expect(world.keyValues().get('k')).toBeUndefined()
    expect(engine.keysRead).toBe(before)
  })

  test('is refused when a mark is damaged', async () => {
    const world = await filled(keyValue('store'))
    await world.engine.write({ rows: pack([['\0\0M\0\u0001', 'not a mark at all']]), deleteRanges: [] })
    await expect(world.crash()).rejects.toMatchObject({ code: 'STATE_CORRUPT' })
  })
})

describe('restoring', () => {
  const records = (...values: readonly (string | null)[]): Parameters<typeof restoreRows>[0] =>
    values.map((value, i) => ({ key: utf8('k'), value: value === null ? null : utf8(value), timestamp: 10 * i }))

  test('puts rows back with their times, the last of a key wins, and the mark is behind them', async () => {
    const world = new StateWorld([keyValue('store')], { engine: new MemoryEngine() })
    await world.state.restore('store', restoreRows(records('a', 'b')), 7)
    await world.state.restored()
    expect(await world.keyValues().entry('k')).toMatchObject({ value: 'b', timestamp: 10 })
    expect(await world.state.mark('store')).toMatchObject({ offset: 7 })
    await world.state.restore('store', restoreRows(records(null)), 8)
    await world.state.restored()
    expect(await world.keyValues().get('k')).toBeUndefined()
  })

  test('passes over records without a key', async () => {
    const world = new StateWorld([keyValue('store')], { engine: new MemoryEngine() })
    const rows = restoreRows(records('a'))
    rows.keyLength[0] = -1
    await world.state.restore('store', rows, 1)
    await world.state.restored()
    expect((await list(world.engine, ALL)).map(([key]) => key)).toEqual(['\0\0M\0\u0001'])
  })

  test('writes one batch after the other, and none behind one that failed: its mark would tell of rows that are not there', async () => {
    class Full extends SlowEngine {
      failing = 1
      override async write(batch: WriteBatch): Promise<void> {
        await super.write({ rows: pack([]), deleteRanges: [] })
        if (this.failing-- === 0) throw new StateError('STATE_DISK', 'no space left')
        await super.write(batch)
      }
    }
    const world = new StateWorld([keyValue('store')], { engine: new Full(new MemoryEngine()) })
    // Each of them fills a batch.
    const calls = ['a', 'b', 'c', 'd']
      .map((letter) => letter.repeat(1 << 19))
      .map((value, i) => world.state.restore('store', restoreRows(records(value)), i + 1))
    const outcomes = await Promise.allSettled(calls.map(async (call) => call))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected'])
    await expect(world.state.restored()).rejects.toMatchObject({ code: 'STATE_DISK' })
    expect(await world.state.mark('store')).toMatchObject({ offset: 1 })
  })
})

describe('reading ahead', () => {
  const hashed = { ...pack([['k', null]]), keyHash: Int32Array.of(murmur2(utf8('k'))) }

  test('waits for all stores that are read by the source’s key, and asks no others', async () => {
    const engine = new (class extends SlowEngine {
      turns = 0

      override async getMany(keys: PackedRows): Promise<PackedRows> {
        const { turns } = this
        this.turns = 0
        for (let i = 0; i < turns; i++) await new Promise((settle) => setImmediate(settle))
        return super.getMany(keys)
      }
    })(new MemoryEngine())
    const stores = [keyValue('first', { readBySourceKey: true }), keyValue('second', { readBySourceKey: true }), keyValue('other')]
    const world = new StateWorld([...stores, window('windows')], { engine })
    for (const { name } of stores) world.keyValues(name).put('k', name)
    await world.commit()
    await world.crash()
    const before = engine.keysRead
    // What is asked first answers last.
    engine.turns = 20
    await world.state.prefetch(hashed, 0, 1)
    expect(engine.keysRead - before).toBe(2)
    expect(['first', 'second'].map((name) => world.keyValues(name).get('k'))).toEqual(['first', 'second'])
    expect(world.keyValues('other').get('k')).toBeInstanceOf(Promise)
  })

  test('touching hashes changes nothing', async () => {
    const world = new StateWorld([keyValue('store', { readBySourceKey: true }), window('windows')], { engine: new MemoryEngine() })
    world.keyValues().put('k', 'v')
    world.state.touch(hashed.keyHash, 0, 1)
    expect(world.keyValues().get('k')).toBe('v')
  })
})

describe('what it says and refuses', () => {
  test('names, kinds and closed tasks are checked', async () => {
    const world = new StateWorld([keyValue('store'), window('windows')], { engine: new MemoryEngine() })
    const { state } = world
    expect(() => state.store('other')).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_STORE', message: expect.stringContaining('store, windows'), context: { store: 'other' } }),
    )
    expect(() => state.store('toString')).toThrow(expect.objectContaining({ code: 'UNKNOWN_STORE' }))
    expect(() => state.slots('windows')).toThrow(/no key-value store/)
    expect(() => state.windowSlots('store')).toThrow(/no window store/)
    await state.close()
    for (const call of [() => state.store('store'), () => state.slots('store'), () => state.dump('store'), () => state.mark('store')])
      expect(call).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }))
    expect(() => new StateWorld([], { engine: new MemoryEngine() }).state.store('any')).toThrow(/it has none/)
  })

  test('closing closes the engine, once', async () => {
    let closed = 0
    class Counted extends MemoryEngine {
      override close(): void {
        closed++
        super.close()
      }
    }
    const { state } = new StateWorld([keyValue('store')], { engine: new Counted() })
    await state.close()
    await state.close()
    expect(closed).toBe(1)
  })

  test('a dump has keys and values as the engine would hold them, also of what is in the engine only', async () => {
    const plain = resolvedStore({ kind: 'keyValue', name: 'plain', format: 'plain' })
    const world = new StateWorld([keyValue('store'), plain, window('windows')], { engine: new MemoryEngine(), cacheBytes: 0 })
    for (const name of ['store', 'plain']) {
      world.keyValues(name).put('b', '2', { timestamp: 1 })
      world.keyValues(name).put('a', '1', { timestamp: 0x0102 })
    }
    world.windows('windows').put('k', 'v', 20, { timestamp: 3 })
    const dumps = (): unknown => ['store', 'plain', 'windows'].map((name) => world.state.dump(name))
    const before = dumps()
    expect(before).toEqual([
      { kind: 'keyValue', entries: [['61', `0000000000000102${toHex(utf8('1'))}`], ['62', `0000000000000001${toHex(utf8('2'))}`]] }, // prettier-ignore
      { kind: 'keyValue', entries: [['61', '31'], ['62', '32']] }, // prettier-ignore
      { kind: 'window', entries: [['6b', 20, 30, `0000000000000003${toHex(utf8('v'))}`]] },
    ])
    await world.commit()
    expect(world.state.metrics().get('store')).toEqual({ entries: 0 })
    expect(dumps()).toEqual(before)
  })

  test('a dump of an engine that answers promises says that it cannot be had', async () => {
    const world = new StateWorld([keyValue('store')], { engine: new SlowEngine(new MemoryEngine()), cacheBytes: 0 })
    world.keyValues().put('k', 'v')
    await world.commit()
    expect(() => world.state.dump('store')).toThrow(expect.objectContaining({ code: 'STORE_ASYNC_SCAN' }))
  })
})

test('a rolled-back store answers what it answered at the last commit, objects that were changed in place too', async () => {
  for (const engine of [new MemoryEngine(), new SlowEngine(new MemoryEngine())]) {
    const world = new StateWorld([window('windows'), keyValue('store')], { engine })
    world.keyValues().put('k', 'committed')
    world.windows('windows').put('k', 'committed', 5)
    await world.commit()
    world.keyValues().put('k', 'flushed')
    world.windows('windows').put('k', 'flushed', 5)
    await world.flush()
    world.keyValues().put('k', 'written')
    world.keyValues().put('new', 'written')
    world.windows('windows').put('k', 'written', 5)
    world.windows('windows').put('k', 'written', 900_000)
    await world.rollBack()
    expect([...world.windows('windows').fetchAll()].map(([, value]) => value)).toEqual(['committed'])
    expect([await world.keyValues().get('k'), await world.keyValues().get('new')]).toEqual(['committed', undefined])
    await world.commit()
    const rows = await drain((engine instanceof SlowEngine ? engine.held : engine).cursor({ from: Uint8Array.of(0, 1) }))
    expect(rows.map(([, row]) => row?.slice(8))).toEqual(['committed', 'committed'])
  }
})
