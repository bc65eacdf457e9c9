/**
 * Contract of the key-value face over any engine: random histories of calls, commits, roll-backs, evictions and crashes against a naive map, with the
 * laws of state (design: L1–L4) watched at every step. `makeEngine` gives a fresh, empty engine each time.
 */
import * as fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { compareBytes, readInt64 } from '../../src/base/bytes.ts'
import { murmur2 } from '../../src/base/murmur2.ts'
import { decodeText, utf8 } from '../../src/base/text.ts'
import type { Engine } from '../../src/state/engine.ts'
import type { HashedRows } from '../../src/state/row-keys.ts'
import type { Entry, KeyRangeOptions, KeyValueStoreSpec, Scan } from '../../src/state/store-spec.ts'
import { drain, latin, pack } from '../support/engine-rows.ts'
import { resolvedStore, restoreRows, SlowEngine, StateWorld } from '../support/state-world.ts'
import { untyped } from '../support/untyped.ts'

/** Gives a fresh engine. */
export type MakeEngine = () => Promise<Engine>

type Row = readonly [key: string, value: string]
type Options = KeyRangeOptions<string>

interface Setting {
  readonly cacheBytes: number
  readonly format: 'timestamped' | 'plain'
  readonly everyWrite: boolean
}

/** What a law sees of a history. */
interface Watch {
  /** Before a read of a key, whose answer is there at once or not. */
  read?(history: History, key: string, atOnce: boolean): Promise<void>
  /** After each step. */
  step?(history: History): Promise<void>
}

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100)
const PREFIX = Uint8Array.from([0, 1])
const BEHIND = Uint8Array.from([0, 2])

/** Runs the suite. */
export function keyValueSuite(name: string, makeEngine: MakeEngine): void {
  const law = (title: string, watch: Watch): void => {
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
  describe(`key-value stores on ${name}`, () => {
    law('it answers what a map answers, whatever is committed, rolled back, evicted or crashed between', {})
    law('an unlanded entry is never evicted', { read: unlandedIsThere })
    law('a key not resident is newest in the engine', { read: elsewhereIsNewest })
    law('the engine never holds an uncommitted write', { step: onlyCommitted })
    law('a store equals its changelog', { step: equalsChangelog })
    marks(makeEngine)
  })
}

const KEYS = ['', '\0', 'a', 'a\0', 'ab', 'b', 'é', '\uffff', '__proto__', 'constructor', 'toString']
const key = fc.constantFrom(...KEYS)
const value = fc.string({ maxLength: 3 })
const setting: fc.Arbitrary<Setting> = fc.record({
  cacheBytes: fc.constantFrom(0, 512, 1 << 20),
  format: fc.constantFrom('timestamped' as const, 'plain' as const),
  everyWrite: fc.boolean(),
})
const bounds: fc.Arbitrary<Options> = fc.record(
  { from: key, to: key, prefix: fc.constantFrom('', 'a', '__', utf8('a'), Uint8Array.of(0xef)), reverse: fc.boolean(), limit: fc.nat(4) },
  { requiredKeys: [] },
)
const time = fc.option(fc.nat(1000), { nil: undefined })

type Step = {
  readonly [Name in keyof typeof STEPS]: readonly [
    Name,
    ...(Parameters<(typeof STEPS)[Name]> extends [unknown, ...infer Rest] ? Rest : never),
  ]
}[keyof typeof STEPS]

const STEPS = {
  put: async (history: History, at: string, put: string | null, timestamp: number | undefined) => history.put(at, put, timestamp),
  update: async (history: History, at: string, put: string) => history.update(at, put),
  get: async (history: History, at: string) => history.get(at),
  entry: async (history: History, at: string) => history.entry(at),
  remove: async (history: History, at: string) => history.remove(at),
  putIfAbsent: async (history: History, at: string, put: string) => history.putIfAbsent(at, put),
  scan: async (history: History, options: Options) => expectRows(history.world.keyValues().range(options), history.list(options)),
  hold: async (history: History, options: Options) => history.hold(options),
  release: async (history: History) => history.release(),
  read: async (history: History, at: string) => history.readOn(at),
  prefetch: async (history: History, keys: readonly string[]) => history.prefetch(keys),
  trim: async (history: History) => history.world.state.trim(),
  flush: async (history: History) => history.flush(),
  land: async (history: History) => history.land(),
  commit: async (history: History) => history.commit(),
  rollBack: async (history: History) => history.rollBack(),
  crash: async (history: History) => history.crash(),
  crashBeforeLanding: async (history: History) => history.crashBeforeLanding(),
} as const

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant('put' as const), key, fc.option(value, { nil: null }), time) },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom('update' as const, 'putIfAbsent' as const), key, value) },
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom('get' as const, 'entry' as const, 'remove' as const, 'read' as const), key) },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom('scan' as const, 'hold' as const), bounds) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('prefetch' as const), fc.array(key, { maxLength: 5 })) },
  {
    weight: 8,
    arbitrary: fc.tuple(fc.constantFrom('release' as const, 'trim' as const, 'flush' as const, 'land' as const, 'commit' as const)),
  },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom('rollBack' as const, 'crash' as const, 'crashBeforeLanding' as const)) },
)

/** A store, and the map that it has to equal. */
class History {
  readonly world: StateWorld
  readonly setting: Setting
  /** What was written, what was written at the last flush, and at the last commit. */
  rows: Map<string, Entry<string>> = new Map()
  committed: Map<string, Entry<string>> = new Map()
  #flushed: Map<string, Entry<string>> = new Map()
  /** Keys whose last write hasn't landed, and those of them that were written before the last flush. */
  readonly unlanded: Set<string> = new Set()
  #inFlight: Set<string> = new Set()
  readonly #held: { readonly scan: Scan<[string, string]>; readonly rows: readonly Row[] }[] = []
  readonly #reading: Promise<unknown>[] = []
  readonly #watch: Watch

  constructor(engine: Engine, given: Setting, watch: Watch) {
    const spec: KeyValueStoreSpec<unknown, unknown> = { kind: 'keyValue', name: 'store', format: given.format }
    this.setting = given
    this.world = new StateWorld([resolvedStore(spec, { readBySourceKey: true })], { ...given, engine })
    this.#watch = watch
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const [name, ...args] of steps) {
      this.world.record.timestamp++
      const run: (history: History, ...rest: unknown[]) => Promise<void> = untyped(STEPS[name])
      await run(this, ...args)
      await this.#watch.step?.(this)
    }
    await Promise.all(this.#reading)
    while (this.#held.length > 0) await this.release()
    await expectRows(this.world.keyValues().range(), this.list({}))
    await this.commit()
    for (const each of KEYS) await this.entry(each)
    expect(this.world.keyValues().approximateSize()).toBeLessThanOrEqual(this.rows.size)
  }

  put(at: string, put: string | null, timestamp: number | undefined): void {
    this.world.keyValues().put(at, put, timestamp === undefined ? {} : { timestamp })
    this.#write(at, put, timestamp ?? this.world.record.timestamp)
  }

  async update(at: string, put: string): Promise<void> {
    const slots = this.world.state.slots('store')
    const slot = await slots.find(at)
    expect(slots.value(slot)).toBe(this.rows.get(at)?.value)
    slots.set(slot, put, 7, undefined)
    this.#write(at, put, 7)
  }

  async get(at: string): Promise<void> {
    const answer = this.world.keyValues().get(at)
    await this.#watch.read?.(this, at, !(answer instanceof Promise))
    expect(await answer).toBe(this.rows.get(at)?.value)
  }

  async entry(at: string): Promise<void> {
    const entry = await this.world.keyValues().entry(at)
    const { value: expected, timestamp } = this.rows.get(at) ?? {}
    expect(entry?.value).toBe(expected)
    expect(entry?.timestamp).toBe(this.setting.format === 'plain' && timestamp !== undefined ? -1 : timestamp)
  }

  async remove(at: string): Promise<void> {
    expect(await this.world.keyValues().delete(at)).toBe(this.rows.get(at)?.value)
    this.#write(at, null, 0)
  }

  async putIfAbsent(at: string, put: string): Promise<void> {
    const before = this.rows.get(at)?.value
    expect(await this.world.keyValues().putIfAbsent(at, put)).toBe(before)
    if (before === undefined) this.#write(at, put, this.world.record.timestamp)
  }

  /** A read that isn't waited for. */
  readOn(at: string): void {
    const answer = this.world.keyValues().get(at)
    if (answer instanceof Promise) this.#reading.push(answer)
  }

  prefetch(keys: readonly string[]): void {
    const reading = this.world.state.prefetch(hashed(keys), 0, keys.length)
    if (reading instanceof Promise) this.#reading.push(reading)
  }

  hold(options: Options): void {
    this.#held.push({ scan: this.world.keyValues().range(options), rows: this.list(options) })
  }

  async release(): Promise<void> {
    const oldest = this.#held.shift()
    if (oldest !== undefined) await expectRows(oldest.scan, oldest.rows)
  }

  async flush(): Promise<void> {
    await this.land()
    await this.world.flush()
    this.#flushed = new Map(this.rows)
    this.#inFlight = new Set(this.unlanded)
    this.unlanded.clear()
  }

  async land(): Promise<void> {
    if (!this.world.isInFlight) return
    await this.world.land()
    this.committed = this.#flushed
    this.#inFlight.clear()
  }

  async commit(): Promise<void> {
    await this.flush()
    await this.land()
  }

  async rollBack(): Promise<void> {
    await this.world.rollBack()
    this.#startOver()
  }

  async crash(): Promise<void> {
    await this.#endReads()
    await this.world.crash()
    this.#startOver()
  }

  async crashBeforeLanding(): Promise<void> {
    await this.land()
    await this.#endReads()
    await this.world.crashBeforeLanding()
    this.committed = new Map(this.rows)
    this.#startOver()
  }

  isUnlanded(at: string): boolean {
    return this.unlanded.has(at) || this.#inFlight.has(at)
  }

  /** The naive scan. */
  list({ from, to, prefix, reverse = false, limit = Infinity }: Options): Row[] {
    const begin = typeof prefix === 'string' ? utf8(prefix) : (prefix ?? utf8(''))
    const rows = [...this.rows]
      .map(([at, entry]) => ({ at: utf8(at), row: [at, entry.value] as const }))
      .filter(({ at }) => from === undefined || compareBytes(at, utf8(from)) >= 0)
      .filter(({ at }) => to === undefined || compareBytes(at, utf8(to)) <= 0)
      .filter(({ at }) => latin(at).startsWith(latin(begin)))
      .sort((a, b) => compareBytes(a.at, b.at))
      .map(({ row }) => row)
    return (reverse ? rows.reverse() : rows).slice(0, limit)
  }

  #write(at: string, put: string | null, timestamp: number): void {
    this.unlanded.add(at)
    if (put === null) this.rows.delete(at)
    else this.rows.set(at, untyped({ value: put, timestamp }))
  }

  #startOver(): void {
    this.rows = new Map(this.committed)
    this.unlanded.clear()
    this.#inFlight.clear()
  }

  async #endReads(): Promise<void> {
    await Promise.all(this.#reading.splice(0))
    while (this.#held.length > 0) await this.release()
  }
}

async function unlandedIsThere(history: History, at: string, atOnce: boolean): Promise<void> {
  await Promise.resolve()
  expect(atOnce || !history.isUnlanded(at)).toBe(true)
}

async function elsewhereIsNewest(history: History, at: string, atOnce: boolean): Promise<void> {
  if (atOnce) return
  const rows = new Map(await held(history))
  expect(rows.get(at)?.value).toBe(history.rows.get(at)?.value)
}

async function onlyCommitted(history: History): Promise<void> {
  const timed = history.setting.format !== 'plain'
  const expected = [...history.committed].map(([at, entry]): [string, unknown] => [at, timed ? entry : { ...entry, timestamp: -1 }])
  expect(new Map(await held(history))).toEqual(new Map(expected))
}

async function equalsChangelog(history: History): Promise<void> {
  const { world, setting: given } = history
  const offset = (await world.state.mark('store'))?.offset ?? 0
  expect(offset).toBe(world.committed.get('store') ?? 0)
  const replayed = new Map<string, string>()
  for (const { key: at, value: put } of world.changelogs.of('store').slice(0, offset)) {
    if (put === null) replayed.delete(decodeText(at, 0, at.length))
    else replayed.set(decodeText(at, 0, at.length), decodeText(put, 0, put.length))
  }
  expect(new Map([...history.committed].map(([at, entry]) => [at, entry.value]))).toEqual(replayed)
  const timestamps = new Map((await held(history)).map(([at, entry]) => [at, entry.timestamp]))
  if (given.format === 'timestamped')
    expect(timestamps).toEqual(new Map([...history.committed].map(([at, { timestamp }]) => [at, timestamp])))
}

/** What the engine has of the store. */
async function held({ world, setting: given }: History): Promise<[string, { readonly value: string; readonly timestamp: number }][]> {
  const below = world.engine instanceof SlowEngine ? world.engine.held : world.engine
  const rows = await drain(below.cursor({ from: PREFIX, to: BEHIND }))
  const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
  return rows.map(([at, row]) => {
    const skipped = given.format === 'plain' ? 0 : 8
    const content = bytes(row!)
    const timestamp = given.format === 'plain' ? -1 : readInt64(content, 0)
    return [decodeText(bytes(at), 2, at.length), { value: decodeText(content, skipped, content.length), timestamp }]
  })
}

/** A scan has these rows. */
async function expectRows(scan: Scan<[string, string]>, rows: readonly Row[]): Promise<void> {
  const seen: Row[] = []
  for await (const row of scan) seen.push(row)
  expect(seen).toEqual(rows)
}

function hashed(keys: readonly string[]): HashedRows {
  const rows = pack(keys.map((each) => [each, '']))
  return { ...rows, keyHash: Int32Array.from(keys, (each) => murmur2(utf8(each))) }
}

function marks(makeEngine: MakeEngine): void {
  it('marks never appear in a scan, nor rows of the stores beside it', async () => {
    const engine = await makeEngine()
    onTestFinished(async () => engine.close())
    const names = ['first', 'store', 'last']
    const world = new StateWorld(
      names.map((name) => resolvedStore({ kind: 'keyValue', name })),
      { engine, numbers: new Map([['first', 1], ['store', 2], ['last', 65_535]]) }, // prettier-ignore
    )
    for (const name of names) for (const each of KEYS) world.keyValues(name).put(each, name)
    await world.commit()
    await world.crash()
    for (const name of names) {
      for (const options of [{}, { prefix: Uint8Array.of(0, 0) }, { prefix: '' }, { from: '' }, { reverse: true }, { to: '\uffff' }]) {
        for await (const [at, put] of world.keyValues(name).range(options)) expect([KEYS.includes(at), put]).toEqual([true, name])
      }
      await expectRows(world.keyValues(name).range({ prefix: Uint8Array.of(0, 0x4d) }), [])
      let count = 0
      for await (const _ of world.keyValues(name).range()) count++
      expect(count).toBe(KEYS.length)
    }
  })

  it('restored rows replace what was read before them', async () => {
    const engine = await makeEngine()
    onTestFinished(async () => engine.close())
    const world = new StateWorld([resolvedStore({ kind: 'keyValue', name: 'store' })], { engine, cacheBytes: 0 })
    world.keyValues().put('k', 'old')
    await world.commit()
    const reading = world.keyValues().get('k')
    await world.state.restore('store', restoreRows([{ key: utf8('k'), value: utf8('new'), timestamp: 5 }]), 2)
    await world.state.restored()
    await reading
    expect(await world.keyValues().entry('k')).toMatchObject({ value: 'new', timestamp: 5 })
  })
}
