/** What engines on disk have to do beyond the contract of the port. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Engine, OpenEngine } from '../../src/state/engine.ts'
import { ALL, calling, get, list, pack, put } from './engine-rows.ts'

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

  test('writes that are not waited for are done in order', async () => {
    const engine = await opened()
    await Promise.all(Array.from({ length: 50 }, async (_, i) => put(engine, ['k', String(i)])))
    expect(await get(engine, 'k')).toEqual(['49'])
  })

  test('pages that are asked for at once are answered one after the other', async () => {
    const engine = await opened()
    await put(engine, ['a', '1'], ['b', '2'], ['c', '3'])
    const cursor = engine.cursor(ALL)
    const pages = await Promise.all([1, 1, 5, 1].map(async (rows) => cursor.next({ rows, bytes: 1 << 20 })))
    expect(pages.map(({ count }) => count)).toEqual([1, 1, 1, 0])
  })

  test('what was written is there when it is opened again, flushed or not', async () => {
    const directory = join(temporaryFolder(), 'db')
    const first = await opened(directory)
    await put(first, ['a', '1'])
    await first.flush()
    await put(first, ['b', '2'])
    await first.close()
    expect(await list(await opened(directory), ALL)).toEqual([['a', '1'], ['b', '2']]) // prettier-ignore
  })

  test('a second opening is refused and leaves the first as it is', async () => {
    const directory = join(temporaryFolder(), 'db')
    const first = await opened(directory)
    await expect(open(directory, {})).rejects.toMatchObject({ code: 'STATE_DIR_LOCKED' })
    await put(first, ['a', '1'])
    await first.close()
    expect(await get(await opened(directory), 'a')).toEqual(['1'])
  })

  test('closing waits for a write and a page that were begun', async () => {
    const directory = join(temporaryFolder(), 'db')
    const engine = await opened(directory)
    await put(engine, ['a', '1'])
    const page = calling(() => engine.cursor(ALL).next({ rows: 1, bytes: 1 })).catch((error: unknown) => error)
    const write = put(engine, ['c', '3'])
    await engine.close()
    await write
    expect(await page).toSatisfy((answer: object) => 'count' in answer || ('code' in answer && answer.code === 'ITERATOR_CLOSED'))
    expect(await get(await opened(directory), 'c')).toEqual(['3'])
  })

  test('its numbers count rows, batches and open cursors', async () => {
    const engine = await opened()
    await put(engine, ['a', '1'], ['b', null])
    await engine.getMany(pack([['a', null], ['b', null], ['c', null]])) // prettier-ignore
    engine.cursor(ALL)
    expect(engine.metrics()).toMatchObject({ rows_written: 2, batches_written: 1, rows_read: 3, open_cursors: 1 })
    expect(engine.metrics()['memory_bytes']).toBeGreaterThan(0)
  })
}
