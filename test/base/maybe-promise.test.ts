import { expect, test } from 'vitest'
import { chain, each } from '../../src/base/maybe-promise.ts'

test('what is here is used at once, what isn’t when it comes', async () => {
  expect(chain(1, (n) => n + 1)).toBe(2)
  const later = chain(Promise.resolve(1), (n) => n + 1)
  expect(later).toBeInstanceOf(Promise)
  expect(await later).toBe(2)
})

test('items go one at a time and in order, whichever of them wait', async () => {
  const order: number[] = []
  const waiting = each([1, 2, 3, 4], (n) =>
    n % 2 === 0
      ? new Promise<void>((resolve) => {
          setTimeout(() => {
            order.push(n)
            resolve()
          }, 1)
        })
      : void order.push(n),
  )
  expect(order).toEqual([1])
  await waiting
  expect(order).toEqual([1, 2, 3, 4])
  expect(each([1, 3], () => undefined)).toBeUndefined()
})
