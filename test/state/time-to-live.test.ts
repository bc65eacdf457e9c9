import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keyValueStore, serdes, topic } from '../../src/index.ts'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { built, copies, counts, texts } from '../support/shop-topics.ts'
import { resolvedStore, SlowEngine, StateWorld, type WorldOptions } from '../support/state-world.ts'
import { untyped } from '../support/untyped.ts'

const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) }
const strings = { key: serdes.string, value: serdes.string }
const final = topic('final', strings)
const TTL = 10

function world(options: Partial<WorldOptions> & { readonly maxEntries?: number } = {}): StateWorld {
  const { maxEntries, ...rest } = options
  const spec = keyValueStore('store', { ...strings, ttlMs: TTL, ...(maxEntries === undefined ? {} : { maxEntries }) })
  return new StateWorld([resolvedStore(untyped(spec))], { engine: new MemoryEngine(), ...rest })
}

const rowsOf = async (w: StateWorld): Promise<string[]> => {
  const rows: string[] = []
  for await (const [key, value] of w.keyValues().range()) rows.push(`${key}=${value}`)
  return rows
}
const put = (w: StateWorld, key: string, timestamp: number, value: string | null = `${key}${timestamp}`): void =>
  w.keyValues().put(key, value, { timestamp })
const tail = (w: StateWorld): string[] =>
  w.changelogs
    .of('store')
    .map(({ key, value }) => `${Buffer.from(key).toString()}=${value === null ? 'null' : Buffer.from(value).toString()}`)

/** What the engine holds besides marks: rows of entries, and rows in order of time. */
async function held(w: StateWorld): Promise<{ readonly entries: number; readonly times: number }> {
  const cursor = w.engine.cursor({ from: new Uint8Array(0) })
  const page = await cursor.next({ rows: 1_000_000, bytes: 1 << 28 })
  cursor.close()
  const kinds = Array.from({ length: page.count }, (_, i) => page.bytes[page.keyAt[i]! + 1] === 1 ? 'entry' : page.bytes[page.keyAt[i]! + 2] === 0x54 ? 'time' : 'mark') // prettier-ignore
  return { entries: kinds.filter((kind) => kind === 'entry').length, times: kinds.filter((kind) => kind === 'time').length }
}

describe('an entry', () => {
  test('is there until the store’s time has passed its own and the time to live, to the millisecond, and then nowhere', async () => {
    const w = world()
    put(w, 'a', 100)
    put(w, 'b', 110)
    const store = w.keyValues()
    expect([store.get('a'), store.entry('a')?.valueOf(), await rowsOf(w)]).toMatchObject(['a100', { timestamp: 100 }, ['a=a100', 'b=b110']])
    put(w, 'c', 111)
    expect([store.get('a'), store.entry('a'), store.putIfAbsent('a', 'again'), await rowsOf(w)]).toEqual([
      undefined,
      undefined,
      undefined,
      ['b=b110', 'c=c111'],
    ])
  })

  test('goes from engine and changelog with a flush, and leaves nothing behind', async () => {
    const w = world()
    for (const key of ['a', 'b', 'c']) put(w, key, 100)
    await w.commit()
    expect(await held(w)).toEqual({ entries: 3, times: 3 })
    put(w, 'd', 111)
    await w.commit()
    expect(tail(w).slice(3).toSorted()).toEqual(['a=null', 'b=null', 'c=null', 'd=d111'])
    expect(await held(w)).toEqual({ entries: 1, times: 1 })
  })

  test('that was written again lives on, and its row is moved when it is found, not before', async () => {
    const w = world()
    put(w, 'a', 100)
    await w.commit()
    for (let time = 101; time <= 109; time++) {
      put(w, 'a', time)
      await w.commit()
      expect(await held(w)).toEqual({ entries: 1, times: 1 })
    }
    put(w, 'b', 115)
    await w.commit()
    expect([w.keyValues().get('a'), await held(w)]).toEqual(['a109', { entries: 2, times: 2 }])
    put(w, 'b', 120)
    await w.commit()
    expect([w.keyValues().get('a'), tail(w).at(-1), await held(w)]).toEqual([undefined, 'a=null', { entries: 1, times: 1 }])
  })

  test('that was deleted and came again has its own time', async () => {
    const w = world()
    put(w, 'a', 100)
    await w.commit()
    put(w, 'a', 101, null)
    await w.commit()
    put(w, 'a', 108)
    await w.commit()
    put(w, 'b', 118)
    await w.commit()
    expect(await rowsOf(w)).toEqual(['a=a108', 'b=b118'])
    put(w, 'b', 119)
    await w.commit()
    expect([await rowsOf(w), await held(w)]).toEqual([['b=b119'], { entries: 1, times: 1 }])
  })

  test('that comes too late is never found', async () => {
    const w = world()
    put(w, 'b', 200)
    put(w, 'a', 100)
    expect(await rowsOf(w)).toEqual(['b=b200'])
    await w.commit()
    await w.commit()
    expect([await rowsOf(w), tail(w)]).toEqual([['b=b200'], ['b=b200', 'a=a100', 'a=null']])
  })
})

test('one flush deletes 10,000 at most; the others are gone for who reads', async () => {
  const w = world()
  for (let n = 0; n < 25_000; n++) put(w, `k${n}`, 100)
  await w.commit()
  put(w, 'last', 200)
  const left: number[] = []
  for (let flush = 0; flush < 4; flush++) {
    await w.commit()
    left.push((await held(w)).entries)
    expect(await rowsOf(w)).toEqual(['last=last200'])
  }
  expect(left).toEqual([15_001, 5_001, 1, 1])
})

test('rows that an engine has from before there was a time to live are restored, so that they go, too', async () => {
  const engine = new MemoryEngine()
  const before = new StateWorld([resolvedStore(untyped(keyValueStore('store', strings)))], { engine })
  put(before, 'a', 100)
  await before.commit()
  const w = world({ engine })
  w.changelogs.of('store').push(...before.changelogs.of('store'))
  await w.state.open(() => true)
  expect([await w.state.mark('store'), await held(w)]).toEqual([undefined, { entries: 0, times: 0 }])
  await w.restoreTail()
  expect(await rowsOf(w)).toEqual(['a=a100'])
  put(w, 'b', 111)
  await w.commit()
  expect([await rowsOf(w), await held(w)]).toEqual([['b=b111'], { entries: 1, times: 1 }])
})

test('a store that is wiped loses its rows in order of time, too', async () => {
  const w = world()
  put(w, 'a', 100)
  await w.commit()
  await w.state.open(() => false)
  expect(await held(w)).toEqual({ entries: 0, times: 0 })
})

test('a store of at most so many entries makes room for what is past its time as well', async () => {
  const w = world({ maxEntries: 2 })
  put(w, 'a', 100)
  put(w, 'b', 108)
  await w.commit()
  put(w, 'b', 111)
  await w.commit()
  put(w, 'c', 112)
  expect(await rowsOf(w)).toEqual(['b=b111', 'c=c112'])
  await w.crashBeforeLanding()
  expect(await rowsOf(w)).toEqual(['b=b111', 'c=c112'])
})

describe('in a topology', () => {
  const store = keyValueStore('c', { key: serdes.string, value: serdes.long, ttlMs: TTL })

  test.each(['every-update', 'on-commit'] as const)('an aggregate begins anew, and nothing is told of what went (%s)', (emit) => {
    const topology = built((builder) => builder.stream(texts).groupByKey().count({ store, emit }).toStream().to(counts))
    using driver = new TopologyTestDriver(topology)
    for (const [key, timestamp] of [
      ['a', 1],
      ['a', 2],
      ['b', 12],
      ['c', 13],
      ['a', 14],
      ['b', 15],
    ] as const)
      // prettier-ignore
      driver.input(texts).send({ key, value: 'v', timestamp })
    const told = driver.output(counts).readAll().map(({ key, value }) => `${key}=${value}`) // prettier-ignore
    expect(told).toEqual(['a=1', 'a=2', 'b=1', 'c=1', 'a=1', 'b=2'])
    expect([...driver.store(store).range()]).toEqual([['a', 1], ['b', 2], ['c', 1]]) // prettier-ignore
  })

  test('a table’s row that is past its time meets nothing', () => {
    const rows = keyValueStore('rows', { ...strings, ttlMs: TTL })
    const topology = built((builder) => builder.stream(texts).join(builder.table(copies, { store: rows }), (text, row) => `${text} ${row}`).to(final)) // prettier-ignore
    using driver = new TopologyTestDriver(topology)
    driver.input(copies).send({ key: 'a', value: 'row', timestamp: 1 })
    driver.input(texts).send({ key: 'a', value: 'one', timestamp: 50 })
    driver.input(copies).send({ key: 'b', value: 'row', timestamp: 12 })
    driver.input(texts).send({ key: 'a', value: 'two', timestamp: 51 })
    expect(driver.output(final).readAll().map(({ value }) => value)).toEqual(['one row']) // prettier-ignore
  })
})

type Step =
  | { readonly kind: 'put'; readonly key: string; readonly ahead: number; readonly deletes: boolean }
  | { readonly kind: 'commit' | 'roll-back' | 'crash' | 'crash-before-landing' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      key: fc.constantFrom('a', 'b', 'c', 'd', 'ab', ''),
      ahead: fc.integer({ min: -8, max: 6 }),
      deletes: fc.constantFrom(true, false, false),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'commit' as const }) },
  { weight: 1, arbitrary: fc.constantFrom('roll-back' as const, 'crash' as const, 'crash-before-landing' as const).map((kind) => ({ kind })) }, // prettier-ignore
)

/** What a store holds: values with their times, and its own time. */
interface Model {
  readonly rows: Map<string, readonly [value: string, timestamp: number]>
  time: number
}
const copyOf = ({ rows, time }: Model): Model => ({ rows: new Map(rows), time })

test('a store is a map that forgets, over commits, crashes and roll-backs, whatever is resident, and after a replay', () =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.boolean(), fc.constantFrom(0, 1 << 20), async (steps, slow, cacheBytes) => {
      const memory = new MemoryEngine()
      const w = world({ engine: slow ? new SlowEngine(memory) : memory, cacheBytes })
      let now: Model = { rows: new Map(), time: -1 }
      let landed = copyOf(now)
      for (const [n, each] of steps.entries()) {
        if (each.kind === 'put') {
          const timestamp = Math.max(0, now.time + each.ahead, 5)
          w.record.timestamp = timestamp
          w.keyValues().put(each.key, each.deletes ? null : `v${n}`, { timestamp })
          if (each.deletes) now.rows.delete(each.key)
          else {
            now.rows.set(each.key, [`v${n}`, timestamp])
            now.time = Math.max(now.time, timestamp)
          }
        } else if (each.kind === 'commit') {
          await w.commit()
          landed = copyOf(now)
        } else if (each.kind === 'crash-before-landing') {
          await w.crashBeforeLanding()
          // What is read again are the last values: time is the greatest of theirs.
          now.time = Math.max(landed.time, ...[...now.rows].filter(([key, [value]]) => landed.rows.get(key)?.[0] !== value).map(([, [, time]]) => time)) // prettier-ignore
          landed = copyOf(now)
        } else {
          await (each.kind === 'crash' ? w.crash() : w.rollBack())
          now = copyOf(landed)
        }
        const live = [...now.rows].filter(([, [, timestamp]]) => timestamp + TTL >= now.time)
        expect((await rowsOf(w)).toSorted()).toEqual(live.map(([key, [value]]) => `${key}=${value}`).toSorted())
        for (const key of ['a', 'b', 'ab']) expect(await w.keyValues().get(key)).toBe(live.find(([one]) => one === key)?.[1][0])
      }
    }),
    runs,
  ))
