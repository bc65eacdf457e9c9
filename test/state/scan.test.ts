import { describe, expect, test } from 'vitest'
import { limited, rowsOf, scanOf, visitRows } from '../../src/state/scan.ts'
import type { RowSource } from '../../src/state/store-spec.ts'

/** Rows, and how often they were closed. */
function counted<T>(source: RowSource<T>): RowSource<T> & { closed: number } {
  const counting = {
    closed: 0,
    next: () => source.next(),
    close: () => {
      counting.closed++
    },
  }
  return counting
}

const later = (): RowSource<number> => {
  const rows = rowsOf([1, 2, 3])
  return { next: () => Promise.resolve(rows.next()), close: () => undefined }
}

const failing = (error: Error): RowSource<number> => ({
  next: () => {
    throw error
  },
  close: () => undefined,
})

describe('a scan that answers at once', () => {
  test('gives its rows to both kinds of loops, and is closed at their end', async () => {
    const [plain, waiting] = [counted(rowsOf([1, 2, 3])), counted(rowsOf([1, 2, 3]))]
    expect([...scanOf(plain, 'store')]).toEqual([1, 2, 3])
    const seen: number[] = []
    for await (const row of scanOf(waiting, 'store')) seen.push(row)
    expect(seen).toEqual([1, 2, 3])
    expect([plain.closed, waiting.closed]).toEqual([1, 1])
  })

  test('is closed once by leaving the loop, by an error in it, and by the end of its block', async () => {
    const sources = Array.from({ length: 4 }, () => counted(rowsOf([1, 2, 3])))
    for (const row of scanOf(sources[0]!, 'store')) if (row === 2) break
    for await (const row of scanOf(sources[1]!, 'store')) if (row === 2) break
    expect(() => {
      for (const row of scanOf(sources[2]!, 'store')) throw new Error(`${row}`)
    }).toThrow('1')
    const scan = scanOf(sources[3]!, 'store')
    scan[Symbol.dispose]()
    scan[Symbol.dispose]()
    expect(sources.map(({ closed }) => closed)).toEqual([1, 1, 1, 1])
  })

  test('refuses to go on after it was closed', async () => {
    const scan = scanOf(rowsOf([1, 2, 3]), 'counts')
    scan[Symbol.dispose]()
    const refusal = expect.objectContaining({ code: 'ITERATOR_CLOSED', context: { store: 'counts' } })
    expect(() => [...scan]).toThrow(refusal)
    await expect(scan[Symbol.asyncIterator]().next()).rejects.toEqual(refusal)
  })

  test('is closed when its source fails, which calls no `return`', async () => {
    const [plain, waiting] = [counted(failing(new Error('broken'))), counted(failing(new Error('broken')))]
    expect(() => [...scanOf(plain, 'store')]).toThrow('broken')
    await expect(scanOf(waiting, 'store')[Symbol.asyncIterator]().next()).rejects.toThrow('broken')
    expect([plain.closed, waiting.closed]).toEqual([1, 1])
  })
})

describe('a scan that answers promises', () => {
  test('gives its rows to `for await`', async () => {
    const seen: number[] = []
    for await (const row of scanOf(later(), 'store')) seen.push(row)
    expect(seen).toEqual([1, 2, 3])
  })

  test('tells a plain loop what to write, and is closed', () => {
    const source = counted(later())
    expect(() => [...scanOf(source, 'counts')]).toThrow(
      expect.objectContaining({ code: 'STORE_ASYNC_SCAN', message: expect.stringContaining('for await') }),
    )
    expect(source.closed).toBe(1)
  })

  test('leaves no rejection behind when a plain loop was refused', async () => {
    const source: RowSource<number> = { next: () => Promise.reject(new Error('the cursor was closed')), close: () => undefined }
    expect(() => [...scanOf(source, 'counts')]).toThrow(expect.objectContaining({ code: 'STORE_ASYNC_SCAN' }))
    // Node would end the process by an unhandled rejection, which vitest reports as a failure of the run.
    await new Promise((settle) => setImmediate(settle))
  })
})

test('a limit ends the rows, asks for none beyond it, and hands on the closing', () => {
  let asked = 0
  const source = counted<number>({ next: () => ++asked, close: () => undefined })
  expect([...scanOf(limited(source, 2), 'store')]).toEqual([1, 2])
  expect([asked, source.closed]).toEqual([2, 1])
  expect([...scanOf(limited(rowsOf([1, 2]), 0), 'store')]).toEqual([])
  expect([...scanOf(limited(rowsOf([1, 2]), 5), 'store')]).toEqual([1, 2])
  expect([...scanOf(limited(rowsOf([1, 2]), undefined), 'store')]).toEqual([1, 2])
})

describe('visiting rows', () => {
  test.each([
    ['at once', () => rowsOf([1, 2, 3])],
    ['later', later],
  ])('shows them in order until the visitor has enough, when a source answers %s', async (_how, rows) => {
    const source = counted(rows())
    const seen: number[] = []
    await visitRows(source, (row) => {
      seen.push(row)
      return row === 1 ? Promise.resolve(true) : row < 2
    })
    expect([seen, source.closed]).toEqual([[1, 2], 1])
    const all = counted(rows())
    await visitRows(all, (row) => seen.push(row) > 0)
    expect([seen, all.closed]).toEqual([[1, 2, 1, 2, 3], 1])
  })

  test('waits for nothing where nothing has to', () => {
    expect(visitRows(rowsOf([1, 2]), () => true)).toBeUndefined()
  })

  test('closes the source when the visitor fails', async () => {
    const refusing = (): never => {
      throw new Error('enough')
    }
    const source = counted(rowsOf([1, 2]))
    expect(() => visitRows(source, refusing)).toThrow('enough')
    const slow = counted(later())
    await expect(visitRows(slow, refusing)).rejects.toThrow('enough')
    await expect(visitRows(counted(later()), () => Promise.reject(new Error('enough')))).rejects.toThrow('enough')
    expect([source.closed, slow.closed]).toEqual([1, 1])
  })
})
