import { expect, test } from 'vitest'
import { retry } from '../../src/index.ts'
import { Calls, type CallOptions } from '../../src/operators/calls.ts'
import { Timers } from '../../src/testing/timers.ts'
import { manualCalls, turn } from '../support/manual-calls.ts'

function callsOf(options: Partial<CallOptions>) {
  const timers = new Timers(0)
  const pauses: number[] = []
  let close = (): void => undefined
  const calls = new Calls(
    { concurrency: 2, timeoutMs: undefined, retries: undefined, ...options },
    {
      node: 'lookup',
      after: (ms, f) => ({ cancel: timers.after(ms, f) }),
      pause: (ms) => void pauses.push(ms),
      random: () => 0.5,
      onClose: (f) => {
        close = f
      },
    },
  )
  return { calls, timers, pauses, close: () => close() }
}

const failure = (promise: unknown): Promise<unknown> => Promise.resolve(promise).catch((error: unknown) => error)

test('begins calls in order, as many at once as it may', async () => {
  const { calls } = callsOf({})
  const { f, begun, settle, fail } = manualCalls()
  const results = ['1', '2', '3', '4'].map((value) => failure(calls.make(() => f(value))))
  expect(begun).toEqual(['1', '2'])
  await settle('2', 'two')
  expect(begun).toEqual(['1', '2', '3'])
  await fail('1', 'no')
  expect(begun).toEqual(['1', '2', '3', '4'])
  await settle('3', 'three')
  await settle('4', 'four')
  expect(await Promise.all(results)).toEqual(['no', 'two', 'three', 'four'])
})

test('answers at once what is answered at once, also to those that stood in line', async () => {
  const { calls } = callsOf({ concurrency: 1 })
  const { f, settle } = manualCalls()
  expect(calls.make(() => 'here')).toBe('here')
  const first = calls.make(() => f('1'))
  const others = [calls.make(() => 'two'), calls.make(() => 'three')]
  await settle('1', 'one')
  expect(await Promise.all([first, ...others])).toEqual(['one', 'two', 'three'])
})

test('a call that takes too long has failed, and its answer is not heard', async () => {
  const { calls, timers } = callsOf({ timeoutMs: 100 })
  const { f, settle } = manualCalls()
  const late = failure(calls.make(() => f('late')))
  const early = failure(calls.make(() => f('early')))
  timers.advance(99)
  await settle('early', 'in time')
  timers.advance(1)
  expect(await late).toMatchObject({
    code: 'CALL_TIMEOUT',
    retriable: true,
    message: 'the call has not settled within timeoutMs (100 ms): give it more time, or retries',
  })
  await settle('late', 'nobody listens')
  expect(await early).toBe('in time')
})

test('a call that stands in line has all its time when it begins', async () => {
  const { calls, timers } = callsOf({ concurrency: 1, timeoutMs: 100 })
  const { f, settle } = manualCalls()
  const first = calls.make(() => f('1'))
  const second = failure(calls.make(() => f('2')))
  timers.advance(90)
  await settle('1', 'one')
  timers.advance(90)
  await settle('2', 'two')
  expect(await Promise.all([first, second])).toEqual(['one', 'two'])
})

test('is made again as often as it may, later and later, whether it rejects, throws or is too late', async () => {
  const { calls, pauses, timers } = callsOf({ timeoutMs: 10, retries: retry({ attempts: 3, jitter: 0 }, 'fail') })
  let tries = 0
  const result = calls.make((): Promise<string> => {
    tries++
    if (tries === 1) return Promise.reject(new Error('first'))
    if (tries === 2) throw new Error('second')
    return tries === 3 ? new Promise(() => undefined) : Promise.resolve('fourth')
  })
  await turn()
  timers.advance(10)
  expect(await result).toBe('fourth')
  expect(pauses).toEqual([100, 200, 400])
  const always = calls.make(() => Promise.reject(new Error('always')))
  expect(await failure(always)).toEqual(new Error('always'))
  expect(pauses).toHaveLength(6)
})

test('after the end nothing begins, and nothing is made again', async () => {
  const { calls, close } = callsOf({ concurrency: 1, retries: retry({ attempts: 3 }, 'fail') })
  const { f, begun, fail } = manualCalls()
  const first = failure(calls.make(() => f('1')))
  void calls.make(() => f('2'))
  close()
  await fail('1', 'no')
  expect(await first).toBe('no')
  expect(begun).toEqual(['1'])
})
