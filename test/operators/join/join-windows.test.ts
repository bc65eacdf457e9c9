import { expect, test } from 'vitest'
import { joinRetention, joinSize, joinWindow, type JoinWindows } from '../../../src/operators/join/join-windows.ts'

const numbers = ({ beforeMs, afterMs, graceMs, isEager }: JoinWindows): unknown[] => [beforeMs, afterMs, graceMs, isEager]

test('a window reaches as far to both sides, until it is told otherwise', () => {
  const ten = joinWindow(10)
  expect(numbers(ten)).toEqual([10, 10, 0, false])
  expect(numbers(ten.before(3).after(12).grace(5).eager())).toEqual([3, 12, 5, true])
  expect(numbers(ten.eager().grace(5).after(0))).toEqual([10, 0, 5, true])
  expect(numbers(ten)).toEqual([10, 10, 0, false])
  expect(Object.isFrozen(ten)).toBe(true)
})

test('its stores are as long as the window, and keep it and its grace', () => {
  const windows = joinWindow(10).before(-3).grace(5)
  expect([joinSize(windows), joinRetention(windows)]).toEqual([7, 12])
  expect([joinSize(joinWindow(0)), joinRetention(joinWindow(0))]).toEqual([0, 0])
})

test('what is no window says so', () => {
  for (const wrong of [
    () => joinWindow(-1),
    () => joinWindow(10).before(-11),
    () => joinWindow(10).after(-11),
    () => joinWindow(10).grace(-1),
  ])
    expect(wrong).toThrow(expect.objectContaining({ code: 'WINDOW_INVALID' }))
  for (const ms of [Number.NaN, 1.5, Number.POSITIVE_INFINITY])
    expect(() => joinWindow(ms)).toThrow(/joinWindow: before is .*whole number of milliseconds/)
  expect(() => joinWindow(10).before(-20)).toThrow(/sum must be at least 0/)
})
