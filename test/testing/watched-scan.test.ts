import { expect, test } from 'vitest'
import { rowsOf, scanOf } from '../../src/state/scan.ts'
import type { Scan } from '../../src/state/store-spec.ts'
import { watchedScan } from '../../src/testing/watched-scan.ts'

function watched(scan: Scan<number>): { readonly scan: Scan<number>; readonly rows: number[]; closed(): number } {
  const rows: number[] = []
  let closed = 0
  return { scan: watchedScan(scan, { row: (row) => rows.push(row), closed: () => closed++ }), rows, closed: () => closed }
}
const three = (): Scan<number> => scanOf(rowsOf([1, 2, 3]), 's')
const broken = (): Scan<number> =>
  scanOf(
    {
      next: () => {
        throw new Error('broken')
      },
      close: () => undefined,
    },
    's',
  )

test('it gives the rows, and tells of them and its end', async () => {
  const now = watched(three())
  expect([...now.scan]).toEqual([1, 2, 3])
  expect([now.rows, now.closed()]).toEqual([[1, 2, 3], 1])
  const later = watched(three())
  const found: number[] = []
  for await (const row of later.scan) found.push(row)
  expect([found, later.rows, later.closed()]).toEqual([[1, 2, 3], [1, 2, 3], 1])
})

test('it ends where its loop is left, it is disposed of, or it breaks', async () => {
  const left = watched(three())
  for (const row of left.scan) if (row === 2) break
  expect([left.rows, left.closed()]).toEqual([[1, 2], 1])
  const leftLater = watched(three())
  for await (const row of leftLater.scan) if (row === 1) break
  expect([leftLater.rows, leftLater.closed()]).toEqual([[1], 1])
  const disposed = watched(three())
  disposed.scan[Symbol.dispose]()
  expect(disposed.closed()).toBe(1)
  const wrong = watched(broken())
  expect(() => [...wrong.scan]).toThrow('broken')
  const wrongLater = watched(broken())
  await expect(wrongLater.scan[Symbol.asyncIterator]().next()).rejects.toThrow('broken')
  expect([wrong.closed(), wrongLater.closed()]).toEqual([1, 1])
})
