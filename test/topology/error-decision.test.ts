import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { deadLetter, isDecision, pauseMs, retry } from '../../src/topology/error-decision.ts'

test('a dead letter needs a topic', () => {
  expect(deadLetter('failed', { partition: 2 })).toEqual({ kind: 'dead-letter', topic: 'failed', partition: 2 })
  for (const name of ['', 'a b', '.', '..', 'x'.repeat(250)])
    expect(() => deadLetter(name)).toThrow(expect.objectContaining({ code: 'CONFIG_VALUE' }))
})

test('a retry fills in what the policy leaves out and refuses what can’t be', () => {
  expect(retry({}, 'fail')).toEqual({ kind: 'retry', after: 'fail', attempts: 5, delayMs: 100, factor: 2, maxDelayMs: 10_000, jitter: 0.2 })
  for (const policy of [{ attempts: 0 }, { attempts: 1.5 }, { delayMs: -1 }, { factor: 0.5 }, { maxDelayMs: Number.NaN }, { jitter: 2 }])
    expect(() => retry(policy, 'skip')).toThrow(expect.objectContaining({ code: 'CONFIG_RANGE' }))
})

test('pauses grow up to the longest, within the jitter', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (failed, chance) => {
      const policy = retry({ delayMs: 10, factor: 3, maxDelayMs: 500, jitter: 0.5 }, 'fail')
      let plain = 10
      for (let i = 1; i < failed; i++) plain = Math.min(500, plain * 3)
      const pause = pauseMs(policy, failed, chance)
      expect(pause).toBeGreaterThanOrEqual(plain * 0.5 - 1e-9)
      expect(pause).toBeLessThanOrEqual(plain * 1.5 + 1e-9)
    }),
  )
})

test('anything else is no decision', () => {
  for (const answer of ['fail', 'skip', deadLetter('a'), retry({}, 'skip')]) expect(isDecision(answer)).toBe(true)
  for (const answer of [undefined, null, 'maybe', {}, { kind: 'other' }, Promise.resolve('skip')]) expect(isDecision(answer)).toBe(false)
})
