import { expect, test } from 'vitest'
import { Timers } from '../../src/testing/timers.ts'

test('due timers fire in order of time while the clock is moved, each at its own time', () => {
  const timers = new Timers(100)
  const fired: string[] = []
  timers.after(30, () => fired.push(`late ${timers.now}`))
  timers.after(10, () => {
    fired.push(`early ${timers.now}`)
    timers.after(5, () => fired.push(`set meanwhile ${timers.now}`))
  })
  const cancel = timers.after(20, () => fired.push('cancelled'))
  cancel()
  timers.advance(9)
  expect(fired).toEqual([])
  timers.advance(16)
  expect(fired).toEqual(['early 110', 'set meanwhile 115'])
  expect(timers.now).toBe(125)
  timers.advance(5)
  expect(fired).toEqual(['early 110', 'set meanwhile 115', 'late 130'])
})
