import { describe, expect, test } from 'vitest'
import { utf8 } from '../../src/base/text.ts'
import { CurrentRecord } from '../../src/model/record.ts'
import type { RowsBuilder } from '../../src/state/rows-builder.ts'
import { SlotStore, type SlotStoreOptions } from '../../src/state/slot-store.ts'
import { unpack } from '../support/engine-rows.ts'
import { KeptChangelogs, resolvedStore } from '../support/state-world.ts'

/** A slot store whose keys are the numbers of the slots. */
class Bench {
  readonly changelogs = new KeptChangelogs()
  readonly freed: number[] = []
  readonly slots: SlotStore<string>
  readonly record = new CurrentRecord()

  constructor(options: { readonly format?: 'plain'; readonly everyWrite?: boolean; readonly keepsPrior?: boolean } = {}) {
    const { format = 'timestamped', everyWrite = false, keepsPrior = false } = options
    const store = resolvedStore({ kind: 'keyValue', name: 'store', format }, { keepsPrior })
    this.record.timestamp = 1000
    const keys: SlotStoreOptions['keys'] = {
      rowKey: (slot, into) => into.key(utf8(String(slot)), 0, String(slot).length),
      logKey: (slot, into) => into.key(utf8(String(slot)), 0, String(slot).length),
      free: (slot) => this.freed.push(slot),
    }
    this.slots = new SlotStore({ store, record: this.record, log: this.changelogs.open(store), everyWrite, keys })
  }

  add(...slots: readonly number[]): void {
    for (const slot of slots) this.slots.add(slot, { value: undefined, timestamp: -1, known: false })
  }

  set(slot: number, value: string | null, timestamp = 5): void {
    this.slots.set(slot, value, timestamp, undefined)
  }

  /** The changelog as text: key, value and time. */
  get log(): string[] {
    const text = new TextDecoder()
    return this.changelogs
      .of('store')
      .map(({ key, value, timestamp }) => `${text.decode(key)}=${value === null ? 'null' : text.decode(value)}@${timestamp}`)
  }

  /** The rows on their way to the engine. */
  get pending(): [string, string | null][] {
    const rows: RowsBuilder | undefined = this.slots.pendingRows()
    return rows === undefined ? [] : unpack(rows.rows())
  }
}

const TIME_5 = '\0\0\0\0\0\0\0\u0005'

describe('a flush', () => {
  test('logs what waits for it, even where each write is logged, with the time of the write', () => {
    const bench = new Bench({ everyWrite: true })
    const told: number[] = []
    bench.slots.onFlush((slot) => {
      told.push(slot)
    })
    bench.add(1, 2)
    bench.set(1, 'a', 3)
    bench.set(1, 'b', 4)
    bench.set(2, 'c', 5)
    bench.set(2, null, 6)
    expect(bench.log).toEqual([])
    void bench.slots.flush()
    // What came and went was never told of.
    expect([told, bench.log]).toEqual([[1], ['1=b@4']])
    bench.set(1, null, 7)
    void bench.slots.flush()
    expect([told, bench.log]).toEqual([
      [1, 1],
      ['1=b@4', '1=null@7'],
    ])
  })

  test('gives the same bytes to changelog and engine, once a slot, in order of last write', () => {
    const bench = new Bench()
    bench.add(1, 2, 3)
    bench.set(1, 'a')
    bench.set(2, 'b')
    bench.set(3, 'c')
    bench.set(1, 'again')
    expect([bench.slots.isDirty, bench.slots.unlanded, bench.log]).toEqual([true, 3, []])
    void bench.slots.flush()
    expect(bench.log).toEqual(['2=b@5', '3=c@5', '1=again@5'])
    expect(bench.pending).toEqual([['2', `${TIME_5}b`], ['3', `${TIME_5}c`], ['1', `${TIME_5}again`]]) // prettier-ignore
    expect([bench.slots.isDirty, bench.slots.unlanded]).toEqual([false, 3])
    bench.slots.landed()
    expect([bench.pending, bench.slots.unlanded]).toEqual([[], 0])
  })

  test('of a plain store has no times in its rows, and the record’s time in its changelog', () => {
    const bench = new Bench({ format: 'plain' })
    bench.add(1)
    bench.set(1, 'a')
    void bench.slots.flush()
    expect([bench.log, bench.pending, bench.slots.timestamp(1)]).toEqual([['1=a@1000'], [['1', 'a']], -1])
  })

  test('tells a delete only where somebody may know of the key, with the record’s time', () => {
    const bench = new Bench()
    bench.add(1, 2)
    bench.slots.add(3, { value: 'stored', timestamp: 1, known: true })
    bench.set(1, 'a')
    bench.set(1, null)
    bench.set(2, null)
    bench.set(3, null)
    void bench.slots.flush()
    expect([bench.log, bench.pending]).toEqual([['3=null@1000'], [['3', null]]])
    bench.slots.landed()
    expect(bench.freed).toEqual([1, 2, 3])
  })

  test('tells a delete of what the flush before it told, landed or not', () => {
    const bench = new Bench()
    bench.add(1)
    bench.set(1, 'a')
    void bench.slots.flush()
    bench.set(1, null)
    void bench.slots.flush()
    expect(bench.log).toEqual(['1=a@5', '1=null@1000'])
    expect(bench.pending).toEqual([['1', `${TIME_5}a`], ['1', null]]) // prettier-ignore
    bench.slots.landed()
    expect([...new Set(bench.freed)]).toEqual([1])
  })

  test('writes each write of a store that logs every write at once, and rows only at the flush', () => {
    const bench = new Bench({ everyWrite: true })
    bench.add(1)
    bench.set(1, 'a')
    bench.set(1, null)
    bench.set(1, 'b')
    expect([bench.log, bench.pending]).toEqual([['1=a@5', '1=null@1000', '1=b@5'], []])
    void bench.slots.flush()
    expect([bench.log.length, bench.pending]).toEqual([3, [['1', `${TIME_5}b`]]])
  })
})

describe('what waits for a flush', () => {
  test('is emitted in order of last write, before it is told, and not where nobody ever knew of the key', () => {
    const bench = new Bench()
    const emitted: string[] = []
    bench.slots.onFlush((slot) => {
      emitted.push(`${slot}:${bench.slots.value(slot)}:${bench.log.length}`)
    })
    bench.add(1, 2, 3)
    for (const [slot, value] of [[1, 'a'], [2, 'b'], [3, 'c'], [3, null], [1, 'd']] as const) bench.set(slot, value) // prettier-ignore
    expect(bench.slots.flush()).toBeUndefined()
    expect(emitted).toEqual(['2:b:0', '1:d:0'])
  })

  test('is waited for, one after the other', async () => {
    const bench = new Bench()
    const events: string[] = []
    bench.slots.onFlush(async (slot) => {
      events.push(`begin ${slot}`)
      await new Promise((settle) => setImmediate(settle))
      events.push(`end ${slot}`)
    })
    bench.add(1, 2)
    bench.set(1, 'a')
    bench.set(2, 'b')
    await bench.slots.flush()
    expect(events).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2'])
    expect(bench.log).toHaveLength(2)
  })

  test('is emitted once a slot, though what is emitted writes to the same store thousands of times', () => {
    const bench = new Bench()
    const emitted: number[] = []
    const slots = Array.from({ length: 600 }, (_, i) => i)
    bench.add(...slots, 1000, 1001)
    for (const slot of [...slots, ...slots]) bench.set(slot, 'a')
    bench.slots.onFlush((slot) => {
      emitted.push(slot)
      // Enough to make the log of writes long, of which little counts.
      if (slot === 10) for (let i = 0; i < 4000; i++) bench.set(1000 + (i % 2), 'b')
    })
    void bench.slots.flush()
    expect(emitted).toEqual([...slots, 1000, 1001])
    expect(bench.log).toHaveLength(602)
  })

  test('sees the value as of the flush before, which a forgotten entry has no more', () => {
    const bench = new Bench({ keepsPrior: true })
    bench.slots.add(1, { value: 'stored', timestamp: 1, known: true })
    bench.set(1, 'a')
    bench.set(1, 'b')
    expect(bench.slots.prior(1)).toBe('stored')
    void bench.slots.flush()
    bench.set(1, 'c')
    expect(bench.slots.prior(1)).toBe('b')
    void bench.slots.flush()
    bench.slots.landed()
    bench.slots.forget(1)
    expect(bench.slots.prior(1)).toBeUndefined()
  })
})

describe('an entry', () => {
  test('may leave when it is clean, landed, and was not used since it was asked last', () => {
    const bench = new Bench()
    const { slots } = bench
    bench.add(1)
    expect([slots.mayLeave(1), slots.mayLeave(1)]).toEqual([false, true])
    bench.set(1, 'a')
    expect([slots.mayLeave(1), slots.mayLeave(1), slots.isLanded(1)]).toEqual([false, false, false])
    void slots.flush()
    expect([slots.mayLeave(1), slots.isLanded(1)]).toEqual([false, false])
    slots.landed()
    expect([slots.mayLeave(1), slots.isLanded(1)]).toEqual([true, true])
    slots.used(1)
    expect([slots.mayLeave(1), slots.mayLeave(1)]).toEqual([false, true])
  })

  test('that was written again after its flush stays when the flush lands', () => {
    const bench = new Bench()
    bench.add(1)
    bench.set(1, 'a')
    void bench.slots.flush()
    bench.set(1, null)
    bench.slots.landed()
    expect([bench.freed, bench.slots.isLanded(1), bench.slots.unlanded]).toEqual([[], false, 1])
  })

  test('is counted while it has a value', () => {
    const bench = new Bench()
    bench.add(1, 2, 100)
    const counts: number[] = []
    for (const [slot, value] of [
      [1, 'a'],
      [1, 'b'],
      [2, 'c'],
      [1, null],
      [1, null],
      [100, 'd'],
    ] as const) {
      bench.set(slot, value)
      counts.push(bench.slots.live)
    }
    bench.slots.forget(2)
    bench.slots.forget(1)
    expect([counts, bench.slots.live]).toEqual([[1, 1, 2, 1, 1, 2], 1])
    bench.slots.clear()
    expect([bench.slots.live, bench.slots.unlanded, bench.slots.value(100), bench.slots.isLanded(100)]).toEqual([0, 0, undefined, true])
  })
})

test('a roll-back forgets what was written and what was flushed, and nothing else', () => {
  const bench = new Bench()
  bench.slots.add(1, { value: 'landed', timestamp: 1, known: true })
  bench.add(2, 3)
  bench.set(2, 'flushed')
  void bench.slots.flush()
  bench.set(3, 'written')
  bench.slots.rollBack()
  expect(bench.freed).toEqual([2, 3])
  expect([1, 2, 3].map((slot) => bench.slots.value(slot))).toEqual(['landed', undefined, undefined])
  expect([bench.pending, bench.slots.isDirty, bench.slots.unlanded, bench.slots.live]).toEqual([[], false, 0, 1])
})
