/** What engines on disk have to do beyond the contract of the port, and small ways to say rows. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { compareBytes } from '../../src/base/bytes.ts'
import type { PackedRows } from '../../src/base/packed-rows.ts'
import type { Cursor, Engine, KeyRange, OpenEngine } from '../../src/state/engine.ts'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import { RowsBuilder } from '../../src/state/rows-builder.ts'

/** A key and its value; null: absent, or deleted. */
export type Row = readonly [key: Uint8Array | string, value: Uint8Array | string | null]

/** Packed rows of these. */
export function pack(rows: readonly Row[]): PackedRows {
  const into = new RowsBuilder()
  for (const [key, value] of rows) {
    into.key(bytesOf(key), 0, bytesOf(key).length)
    into.value(bytesOf(value ?? ''), 0, value === null ? -1 : bytesOf(value).length)
  }
  return into.rows()
}

/** Packed rows as text; null: absent. */
export function unpack(rows: PackedRows): [string, string | null][] {
  const text = (at: number, length: number): string => Buffer.from(rows.bytes.subarray(at, at + length)).toString('latin1')
  return Array.from({ length: rows.count }, (_, i) => [
    text(rows.keyAt[i]!, rows.keyLength[i]!),
    rows.valueLength[i]! < 0 ? null : text(rows.valueAt[i]!, rows.valueLength[i]!),
  ])
}

/** Everything a cursor has, page by page. */
export async function drain(cursor: Cursor, rows = 3): Promise<[string, string | null][]> {
  const all: [string, string | null][] = []
  for (;;) {
    const page = unpack(await cursor.next({ rows, bytes: 1 << 20 }))
    if (page.length === 0) break
    all.push(...page)
  }
  cursor.close()
  return all
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-engine-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The cases of an engine on disk. */
export function diskEngineCases(open: OpenEngine): void {
  const opened = async (directory = join(temporaryFolder(), 'db')): Promise<Engine> => {
    const engine = await open(directory, { bytes: 1 << 20 })
    onTestFinished(async () => engine.close())
    return engine
  }

  test('it answers as the memory engine does, whatever is written, deleted and scanned, also after it was opened again', async () => {
    const key = fc.uint8Array({ maxLength: 3 }).map((bytes) => bytes.map((byte) => [0, 1, 0x7f, 0x80, 0xfe, 0xff][byte % 6]!))
    const range = fc.record({ from: key, to: fc.option(key, { nil: undefined }), reverse: fc.boolean() })
    const rows = fc.array(fc.tuple(key, fc.option(fc.uint8Array({ maxLength: 4 }), { nil: null })), { maxLength: 6 })
    const step = fc.record({ rows, deleteRanges: fc.array(range, { maxLength: 2 }), scan: range, again: fc.integer({ max: 9, min: 0 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const directory = join(temporaryFolder(), 'db')
        let engine = await open(directory, {})
        const model = new MemoryEngine()
        for (const { rows: written, deleteRanges, scan, again } of steps) {
          const batch = { rows: pack(written), deleteRanges: deleteRanges.map((each) => bounded(each)) }
          const before = engine.cursor(bounded(scan))
          const expected = await drain(model.cursor(bounded(scan)))
          await engine.write(batch)
          model.write(batch)
          expect(await drain(before)).toEqual(expected)
          expect(await drain(engine.cursor(bounded(scan)))).toEqual(await drain(model.cursor(bounded(scan))))
          const keys = pack(written.map(([each]) => [each, null]))
          expect(unpack(await engine.getMany(keys))).toEqual(unpack(model.getMany(keys)))
          if (again > 0) continue
          await engine.close()
          engine = await open(directory, {})
        }
        await engine.close()
      }),
      { numRuns: Math.min(2000, Number(process.env['FUZZ_RUNS'] ?? 30)) },
    )
  })

  test('writes that are not waited for are done in order', async () => {
    const engine = await opened()
    const writes = Array.from({ length: 50 }, async (_, i) => engine.write({ rows: pack([['k', String(i)]]), deleteRanges: [] }))
    await Promise.all(writes)
    expect(unpack(await engine.getMany(pack([['k', null]])))).toEqual([['k', '49']])
  })

  test('a batch deletes its ranges before it writes its rows', async () => {
    const engine = await opened()
    await engine.write({ rows: pack([['a', '1'], ['b', '2'], ['c', '3']]), deleteRanges: [] }) // prettier-ignore
    await engine.write({ rows: pack([['b', 'new']]), deleteRanges: [{ from: bytesOf('a'), to: bytesOf('c') }] })
    expect(await drain(engine.cursor({ from: bytesOf('') }))).toEqual([['b', 'new'], ['c', '3']]) // prettier-ignore
  })

  test('what was written is there when it is opened again, flushed or not', async () => {
    const directory = join(temporaryFolder(), 'db')
    const first = await opened(directory)
    await first.write({ rows: pack([['a', '1']]), deleteRanges: [] })
    await first.flush()
    await first.write({ rows: pack([['b', '2']]), deleteRanges: [] })
    await first.close()
    const second = await opened(directory)
    expect(await drain(second.cursor({ from: bytesOf('') }))).toEqual([['a', '1'], ['b', '2']]) // prettier-ignore
  })

  test('a second opening is refused and leaves the first as it is', async () => {
    const directory = join(temporaryFolder(), 'db')
    const first = await opened(directory)
    await expect(open(directory, {})).rejects.toMatchObject({ code: 'STATE_DIR_LOCKED' })
    await first.write({ rows: pack([['a', '1']]), deleteRanges: [] })
    await first.close()
    const second = await opened(directory)
    expect(unpack(await second.getMany(pack([['a', null]])))).toEqual([['a', '1']])
  })

  test('closing waits for what was begun, closes cursors, and makes every later call an error', async () => {
    const directory = join(temporaryFolder(), 'db')
    const engine = await opened(directory)
    await engine.write({ rows: pack([['a', '1'], ['b', '2']]), deleteRanges: [] }) // prettier-ignore
    const [read, unread] = [engine.cursor({ from: bytesOf('') }), engine.cursor({ from: bytesOf('') })]
    await read.next({ rows: 1, bytes: 1 })
    const last = engine.write({ rows: pack([['c', '3']]), deleteRanges: [] })
    await Promise.all([engine.close(), engine.close()])
    await last
    for (const cursor of [read, unread])
      await expect(calling(() => cursor.next({ rows: 1, bytes: 1 }))).rejects.toMatchObject({ code: 'ITERATOR_CLOSED' })
    const calls = [
      () => engine.getMany(pack([['a', null]])),
      () => engine.cursor({ from: bytesOf('') }),
      () => engine.write({ rows: pack([]), deleteRanges: [] }),
      () => engine.flush(),
    ]
    for (const call of calls) await expect(calling(call)).rejects.toMatchObject({ code: 'STORE_CLOSED' })
    const again = await opened(directory)
    expect(unpack(await again.getMany(pack([['c', null]])))).toEqual([['c', '3']])
  })

  test('a page ends at its rows and at its bytes, whichever is first', async () => {
    const engine = await opened()
    const rows = Array.from({ length: 300 }, (_, i) => [`k${String(i).padStart(3, '0')}`, 'v'.repeat(i < 150 ? 10 : 50_000)] as const)
    await engine.write({ rows: pack(rows), deleteRanges: [] })
    const cursor = engine.cursor({ from: bytesOf('') })
    expect((await cursor.next({ rows: 7, bytes: 1 << 20 })).count).toBe(7)
    expect((await cursor.next({ rows: 143, bytes: 1 << 20 })).count).toBe(143)
    expect((await cursor.next({ rows: 150, bytes: 100_000 })).count).toBe(2)
    expect((await cursor.next({ rows: 1, bytes: 1 })).count).toBe(1)
    expect(unpack(await cursor.next({ rows: 1000, bytes: 1 << 30 })).at(-1)![0]).toBe('k299')
    expect((await cursor.next({ rows: 1, bytes: 1 })).count).toBe(0)
    expect((await cursor.next({ rows: 1, bytes: 1 })).count).toBe(0)
  })

  test('its numbers count rows, batches and open cursors', async () => {
    const engine = await opened()
    await engine.write({ rows: pack([['a', '1'], ['b', null]]), deleteRanges: [] }) // prettier-ignore
    await engine.getMany(pack([['a', null], ['b', null], ['c', null]])) // prettier-ignore
    engine.cursor({ from: bytesOf('') })
    expect(engine.metrics()).toMatchObject({ rows_written: 2, batches_written: 1, rows_read: 3, open_cursors: 1 })
    expect(engine.metrics()['memory_bytes']).toBeGreaterThan(0)
  })
}

async function calling(call: () => unknown): Promise<unknown> {
  return call()
}

function bytesOf(text: Uint8Array | string): Uint8Array {
  return typeof text === 'string' ? new TextEncoder().encode(text) : text
}

function bounded({
  from,
  to,
  reverse,
}: {
  readonly from: Uint8Array
  readonly to: Uint8Array | undefined
  readonly reverse: boolean
}): KeyRange {
  // The memory engine, which is the model, takes bounds in order.
  if (to === undefined) return { from, reverse }
  return compareBytes(from, to) <= 0 ? { from, to, reverse } : { from: to, to: from, reverse }
}
