/**
 * Contract of the window face over any engine: random histories of calls, commits, roll-backs and crashes against naive maps, with strict expiry and
 * the laws of state watched at every step. `makeEngine` gives a fresh, empty engine each time.
 */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes, readInt64 } from '../../src/base/bytes.ts'
import { decodeText, utf8 } from '../../src/base/text.ts'
import type { Engine } from '../../src/state/engine.ts'
import type { KeyRangeOptions, Scan, TimeRange, WindowStoreSpec } from '../../src/state/store-spec.ts'
import { drain, latin } from '../support/engine-rows.ts'
import { resolvedStore, SlowEngine, StateWorld } from '../support/state-world.ts'
import { untyped } from '../support/untyped.ts'
import type { MakeEngine } from './store-face.ts'

/** A minute and a half: segments are of a minute, which retention isn't a multiple of. */
const RETENTION = 90_000
const SIZE = 10_000
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100)
const PREFIX = Uint8Array.from([0, 1])
const BEHIND = Uint8Array.from([0, 2])

type Options = KeyRangeOptions<string> & { readonly time?: TimeRange }
type Found = readonly [key: string, start: number, value: string]
type Rows = ReadonlyMap<string, readonly [key: string, start: number, value: string, timestamp: number]>

/** Runs the suite. */
export function windowSuite(name: string, makeEngine: MakeEngine): void {
  const law = (title: string, watch: (history: History) => Promise<void>): void => {
    it(
      title,
      async () => {
        await fc.assert(
          fc.asyncProperty(setting, fc.array(step, { maxLength: 40, size: 'max' }), async (given, steps) => {
            const engine = await makeEngine()
            try {
              await new History(engine, given, watch).run(steps)
            } finally {
              await engine.close()
            }
          }),
          { numRuns: RUNS },
        )
      },
      60_000,
    )
  }
  describe(`window stores on ${name}`, () => {
    law('it answers what maps answer, whatever expires, is committed, rolled back or lost in a crash', () => Promise.resolve())
    law('the engine has every committed window that is retained, and no uncommitted one', onlyCommitted)
    law('a store equals its changelog', equalsChangelog)
  })
}

const KEYS = ['a', 'a\0\0', '', '__proto__', 'é']
const key = fc.constantFrom('a', 'a', 'a', ...KEYS)
// The edges of segments, and what is the last of them to be retained when another one is the newest.
const STARTS = [0, 59_998, 59_999, 60_000, 149_998, 149_999, 150_000, 600_000]
const start = fc.constantFrom(...STARTS.slice(0, 7), ...STARTS)
const value = fc.string({ maxLength: 3 })
const timeRange: fc.Arbitrary<TimeRange> = fc.record({ from: start, to: start }, { requiredKeys: [] })
const order = { reverse: fc.boolean(), limit: fc.nat(3) }
const setting = fc.record({ format: fc.constantFrom('timestamped' as const, 'plain' as const), everyWrite: fc.boolean() })

const STEPS = {
  put: async (history: History, at: string, from: number, put: string | null) => history.put(at, from, put),
  update: async (history: History, at: string, from: number, put: string) => history.update(at, from, put),
  get: async (history: History, at: string, from: number) => history.get(at, from),
  fetch: async (history: History, at: string, time: TimeRange, options: Options) => history.fetch(at, time, options),
  fetchAll: async (history: History, options: Options) => history.fetchAll(options),
  flush: async (history: History) => history.flush(),
  land: async (history: History) => history.land(),
  commit: async (history: History) => history.commit(),
  rollBack: async (history: History) => history.rollBack(),
  crash: async (history: History) => history.crash(),
  crashBeforeLanding: async (history: History) => history.crashBeforeLanding(),
} as const

type Step = readonly [name: keyof typeof STEPS, ...args: unknown[]]

const scanOptions: fc.Arbitrary<Options> = fc.record(
  { from: key, to: key, prefix: fc.constantFrom('', 'a', utf8('a'), Uint8Array.of(0xc3)), time: timeRange, ...order },
  { requiredKeys: [] },
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constant('put' as const), key, start, fc.option(value, { nil: null })) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('update' as const), key, start, value) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('get' as const), key, start) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('fetch' as const), key, timeRange, fc.record(order, { requiredKeys: [] })) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('fetchAll' as const), scanOptions) },
  { weight: 5, arbitrary: fc.tuple(fc.constantFrom('flush' as const, 'land' as const, 'commit' as const)) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom('rollBack' as const, 'crash' as const, 'crashBeforeLanding' as const)) },
)

/** What was put, by key and start, and the store's own time. */
interface Windows {
  rows: Rows
  time: number
}

class History {
  readonly world: StateWorld
  readonly format: 'timestamped' | 'plain'
  #now: Windows = { rows: new Map(), time: -1 }
  #flushed: Windows = { rows: new Map(), time: -1 }
  committed: Windows = { rows: new Map(), time: -1 }
  readonly #watch: (history: History) => Promise<void>
  #expired = 0

  constructor(
    engine: Engine,
    given: { readonly format: 'timestamped' | 'plain'; readonly everyWrite: boolean },
    watch: typeof onlyCommitted,
  ) {
    const { format } = given
    const spec: WindowStoreSpec<unknown, unknown> = { kind: 'window', name: 'store', format, sizeMs: SIZE, retentionMs: RETENTION }
    this.format = format
    this.world = new StateWorld([resolvedStore(spec)], { ...given, engine })
    this.#watch = watch
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const [name, ...args] of steps) {
      this.world.record.timestamp++
      const run: (history: History, ...rest: unknown[]) => Promise<void> = untyped(STEPS[name])
      await run(this, ...args)
      await this.#watch(this)
    }
    for (const each of KEYS) await this.fetch(each, {}, {})
    await this.fetchAll({})
    expect(this.world.expired).toBe(this.#expired)
    await this.commit()
    await this.#watch(this)
  }

  put(at: string, from: number, put: string | null): void {
    this.world.windows().put(at, put, from)
    this.#write(at, from, put)
  }

  update(at: string, from: number, put: string): void {
    const slots = this.world.state.windowSlots('store')
    const slot = slots.find(at, from)
    if (typeof slot !== 'number') throw new Error('windows are resident')
    expect(slots.value(slot)).toBe(this.#value(at, from))
    expect(slots.key(slot)).toEqual({ key: at, window: { start: from, end: from + SIZE } })
    slots.set(slot, put, this.world.record.timestamp, undefined)
    this.#write(at, from, put)
  }

  get(at: string, from: number): void {
    expect(this.world.windows().get(at, from)).toBe(this.#value(at, from))
  }

  async fetch(at: string, time: TimeRange, options: Options): Promise<void> {
    const seen = await read(this.world.windows().fetch(at, time, options))
    const expected = this.#list({ ...options, from: at, to: at, time })
    expect(seen).toEqual(expected.map(([, from, put]) => [from, put]))
  }

  async fetchAll(options: Options): Promise<void> {
    const seen = await read(this.world.windows().fetchAll(options))
    const expected = this.#list(options).map(([at, from, put]) => [{ key: at, window: { start: from, end: from + SIZE } }, put])
    expect(seen).toEqual(expected)
  }

  async flush(): Promise<void> {
    await this.land()
    await this.world.flush()
    this.#flushed = { ...this.#now }
  }

  async land(): Promise<void> {
    if (!this.world.isInFlight) return
    await this.world.land()
    this.committed = this.#flushed
  }

  async commit(): Promise<void> {
    await this.flush()
    await this.land()
  }

  async rollBack(): Promise<void> {
    await this.world.rollBack()
    this.#now = { ...this.committed }
  }

  async crash(): Promise<void> {
    await this.world.crash()
    this.#now = { ...this.committed }
  }

  async crashBeforeLanding(): Promise<void> {
    await this.land()
    const landed = this.world.committed.get('store') ?? 0
    await this.world.crashBeforeLanding()
    // A delete of what was never there moves the store's time and isn't told to anybody.
    const tail = this.world.changelogs.of('store').slice(landed)
    this.#now.time = Math.max(this.committed.time, ...tail.map((record) => readInt64(record.key, record.key.length - 12)))
    this.committed = { ...this.#now }
  }

  #write(at: string, from: number, put: string | null): void {
    const time = Math.max(this.#now.time, from)
    const rows = new Map(this.#now.rows)
    if (from <= time - RETENTION) this.#expired++
    else if (put === null) rows.delete(`${at}@${from}`)
    else rows.set(`${at}@${from}`, [at, from, put, this.world.record.timestamp])
    this.#now = { rows, time }
  }

  #value(at: string, from: number): string | undefined {
    return from <= this.#now.time - RETENTION ? undefined : this.#now.rows.get(`${at}@${from}`)?.[2]
  }

  #list({ from, to, prefix, time = {}, reverse = false, limit = Infinity }: Options): Found[] {
    const begin = latin(typeof prefix === 'string' ? utf8(prefix) : (prefix ?? utf8('')))
    const found = retained(this.#now)
      .filter(([at]) => from === undefined || compareBytes(utf8(at), utf8(from)) >= 0)
      .filter(([at]) => to === undefined || compareBytes(utf8(at), utf8(to)) <= 0)
      .filter(([at]) => latin(utf8(at)).startsWith(begin))
      .filter(([, each]) => each >= (time.from ?? 0) && each <= (time.to ?? Infinity))
    if (reverse) found.reverse()
    return found.slice(0, limit).map(([at, each, put]) => [at, each, put])
  }
}

function retained({ rows, time }: Windows): [string, number, string, number][] {
  const found = [...rows.values()].filter(([, from]) => from > time - RETENTION)
  return found.map((row): [string, number, string, number] => [...row]).sort((a, b) => a[1] - b[1] || compareBytes(utf8(a[0]), utf8(b[0])))
}

async function onlyCommitted({ world, committed, format }: History): Promise<void> {
  const below = world.engine instanceof SlowEngine ? world.engine.held : world.engine
  const rows = await drain(below.cursor({ from: PREFIX, to: BEHIND }))
  const found = new Map<string, [string, number, string, number]>()
  for (const [at, row] of rows) {
    const [keyBytes, content] = [bytesOf(at), bytesOf(row!)]
    const from = readInt64(keyBytes, keyBytes.length - 12)
    const name = decodeText(keyBytes, 8, keyBytes.length - 12)
    const skipped = format === 'plain' ? 0 : 8
    found.set(`${name}@${from}`, [name, from, decodeText(content, skipped, content.length), skipped === 0 ? -1 : readInt64(content, 0)])
  }
  const expected = retained(committed).map(([at, from, put, timestamp]) => [at, from, put, format === 'plain' ? -1 : timestamp])
  expect(retained({ rows: found, time: committed.time })).toEqual(expected)
  expect((await world.state.mark('store'))?.streamTime ?? -1).toBe(committed.time)
}

async function equalsChangelog({ world, committed }: History): Promise<void> {
  const offset = (await world.state.mark('store'))?.offset ?? 0
  const replayed = new Map<string, [string, number, string, number]>()
  for (const { key: at, value: put, timestamp } of world.changelogs.of('store').slice(0, offset)) {
    const [name, from] = [decodeText(at, 0, at.length - 12), readInt64(at, at.length - 12)]
    if (put === null) replayed.delete(`${name}@${from}`)
    else replayed.set(`${name}@${from}`, [name, from, decodeText(put, 0, put.length), timestamp])
  }
  const without = ([at, from, put]: readonly [string, number, string, number]): unknown => [at, from, put]
  expect(retained({ rows: replayed, time: committed.time }).map(without)).toEqual(retained(committed).map(without))
}

async function read<T>(scan: Scan<T>): Promise<T[]> {
  const rows: T[] = []
  for await (const row of scan) rows.push(row)
  return rows
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}
