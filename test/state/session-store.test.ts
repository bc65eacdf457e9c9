import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes, toHex } from '../../src/base/bytes.ts'
import { utf8 } from '../../src/base/text.ts'
import type { Windowed } from '../../src/model/window.ts'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import { resolvedStore, restoreRows, SlowEngine, StateWorld } from '../support/state-world.ts'
import { untyped } from '../support/untyped.ts'

const RETENTION = 90_000
const spec = { kind: 'session' as const, name: 'store', retentionMs: RETENTION }
const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) }

function opened(slow = false): StateWorld {
  const engine = new MemoryEngine()
  return new StateWorld([resolvedStore(spec)], { engine: slow ? new SlowEngine(engine) : engine })
}

function at(key: string, start: number, end: number): Windowed<string> {
  return { key, window: { start, end } }
}

type Row = readonly [Windowed<string>, string]

/** Sessions as a list. */
class Naive {
  rows: readonly Row[] = []
  time = -1

  put(session: Windowed<string>, value: string | null): void {
    this.time = Math.max(this.time, session.window.end)
    const others = this.rows.filter(([each]) => JSON.stringify(each) !== JSON.stringify(session))
    this.rows = value === null || this.isExpired(session) ? others : [...others, [session, value]]
  }

  isExpired({ window }: Windowed<string>): boolean {
    return window.end < this.time - RETENTION
  }

  list(): Row[] {
    return this.rows
      .filter(([each]) => !this.isExpired(each))
      .sort(([a], [b]) => a.window.end - b.window.end || compareBytes(utf8(a.key), utf8(b.key)) || b.window.start - a.window.start)
  }
}

const times = fc.constantFrom(0, 10, 59_999, 60_000, 90_000, 150_000, 600_000)
const session = fc
  .record({ key: fc.constantFrom('a', 'a\0', '', 'é'), end: times, length: fc.nat(20_000) })
  .map(({ key, end, length }) => at(key, Math.max(0, end - length), end))
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ session, value: fc.option(fc.string({ maxLength: 3 }), { nil: null, freq: 4 }) }) },
  { weight: 2, arbitrary: fc.constantFrom('commit' as const, 'rollBack' as const, 'crash' as const) },
)

test('it answers what a list answers, whatever expires, is committed, rolled back or lost in a crash', () =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.boolean(), times, times, async (steps, slow, earliestEnd, latestStart) => {
      const world = opened(slow)
      let now = new Naive()
      let committed = new Naive()
      for (const each of steps) {
        if (typeof each === 'object') {
          world.sessions().put(each.session, each.value)
          now.put(each.session, each.value)
          expect(world.sessions().get(each.session)).toBe(now.isExpired(each.session) ? undefined : (each.value ?? undefined))
        } else {
          await world[each]()
          const kept = Object.assign(new Naive(), each === 'commit' ? now : committed)
          committed = kept
          now = Object.assign(new Naive(), kept)
        }
        const all = now.list()
        expect([...world.sessions().find()]).toEqual(all)
        expect([...world.sessions().find({ reverse: true, limit: 2 })]).toEqual(all.toReversed().slice(0, 2))
        const near = all.filter(([{ key, window }]) => key === 'a' && window.end >= earliestEnd && window.start <= latestStart)
        expect([...world.sessions().fetch('a', { earliestEnd, latestStart })]).toEqual(near)
        expect([...world.sessions().find({ from: 'a', to: 'a', earliestEnd, latestStart })]).toEqual(near)
      }
    }),
    runs,
  ))

describe('bytes', () => {
  test('a changelog key is the key, its end and its start, the value has no time', async () => {
    const world = opened()
    world.record.timestamp = 7
    world.sessions().put(at('k', 2, 5), 'v')
    await world.commit()
    const [record] = world.changelogs.of('store')
    expect([toHex(record!.key), toHex(record!.value!), record!.timestamp]).toEqual(['6b00000000000000050000000000000002', '76', 7])
    expect(world.state.dump('store')).toEqual({ kind: 'session', entries: [['6b', 2, 5, '76']] })
  })

  test('a changelog is restored, deletes too, and what is no session passed over', async () => {
    const world = opened()
    world.sessions().put(at('k', 0, 5), 'v')
    world.sessions().put(at('gone', 0, 5), 'v')
    await world.flush()
    world.sessions().put(at('gone', 0, 5), null)
    await world.flush()
    const other = opened()
    const short = { key: utf8('short'), value: utf8('v'), timestamp: 0 }
    await other.state.restore('store', restoreRows([...world.changelogs.of('store'), short]), 4)
    await other.state.restored()
    expect([...other.sessions().find()]).toEqual([[at('k', 0, 5), 'v']])
    await other.crash()
    expect([...other.sessions().find()]).toEqual([[at('k', 0, 5), 'v']])
  })
})

test('in parity mode a session expires one millisecond earlier, as Kafka Streams has it, and its changelog hears of it all the same', async () => {
  const world = new StateWorld([{ ...resolvedStore(spec), parity: true }], { engine: new MemoryEngine(), everyWrite: true })
  world.sessions().put(at('k', 0, RETENTION), 'new')
  world.sessions().put(at('k', 0, 0), 'late')
  expect([world.sessions().get(at('k', 0, 0)), world.expired]).toEqual([undefined, 1])
  expect(world.changelogs.of('store')).toHaveLength(2)
  const ours = opened()
  ours.sessions().put(at('k', 0, RETENTION), 'new')
  ours.sessions().put(at('k', 0, 0), 'late')
  expect([ours.sessions().get(at('k', 0, 0)), ours.expired]).toEqual(['late', 0])
  await world.commit()
})

test('operators see slots: the live sessions around a time, with their bounds', () => {
  const world = opened()
  for (const [start, end] of [[0, 3], [8, 9], [20, 30]] as const) world.sessions().put(at('k', start, end), `${start}`) // prettier-ignore
  const slots = world.state.sessionSlots('store')
  const into: number[] = []
  expect(slots.live('k', { from: 3, to: 8 }, into)).toBe(2)
  expect(into.slice(0, 2).map((slot) => [slots.start(slot), slots.end(slot), slots.value(slot), slots.timestamp(slot)])).toEqual([
    [0, 3, '0', -1],
    [8, 9, '8', -1],
  ])
  expect(slots.key(into[0]!)).toEqual(at('k', 0, 3))
  expect(() => world.state.windowSlots('store')).toThrow(/no window store/)
})

test('it refuses null keys, and calls after its task was closed', async () => {
  const world = opened()
  const face = world.sessions()
  expect(() => face.put(at(untyped(null), 0, 1), 'v')).toThrow(expect.objectContaining({ code: 'SERDE_ENCODE' }))
  await world.state.close()
  for (const call of [() => face.get(at('k', 0, 1)), () => face.put(at('k', 0, 1), 'v'), () => face.fetch('k'), () => face.find()])
    expect(call).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }))
})
