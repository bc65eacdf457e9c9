import { describe, expect, test } from 'vitest'
import { ClusterError, ProcessingError, StateError, type StreamsError } from '../../src/base/errors.ts'
import { FailurePolicy, reasonOf, type FailurePolicyOptions } from '../../src/runtime/failure-policy.ts'
import { silent } from '../../src/runtime/logger.ts'

function policy(onFailure: FailurePolicyOptions['onFailure'] = () => 'replace-thread') {
  const clock = { now: 0 }
  const asked: string[] = []
  const made = new FailurePolicy({
    onFailure: (error) => {
      asked.push(error.code)
      return onFailure?.(error) ?? 'stop-client'
    },
    logger: silent,
    now: () => clock.now,
  })
  return { clock, asked, judge: (error: StreamsError, thread: string | undefined = 't') => made.judge(error, thread) }
}
const at = (offset: number, partition = 0): StreamsError =>
  new ProcessingError('PROCESSING_ERROR', 'wrong', { context: { topic: 'in', partition, offset } })
const elsewhere = new StateError('STATE_DISK', 'no room')

describe('a record that fails its thread', () => {
  test('three times in a row is the reason, whatever onFailure answers, and isn’t tried again', () => {
    const { judge, asked, clock } = policy()
    const verdicts = [4, 4, 4].map((offset) => {
      clock.now += 100_000
      return judge(at(offset))
    })
    expect(verdicts.slice(0, 2)).toEqual([
      { decision: 'replace-thread', pauseMs: 1_000 },
      { decision: 'replace-thread', pauseMs: 1_000 },
    ])
    expect(verdicts[2]).toMatchObject({ decision: 'stop-client', error: { code: 'POISON_LOOP', context: { topic: 'in', offset: 4 } } })
    expect(asked).toEqual(['PROCESSING_ERROR', 'PROCESSING_ERROR', 'POISON_LOOP'])
  })

  test('says which record it was, and what went wrong', () => {
    const { judge } = policy()
    const cause = at(4)
    for (const error of [at(4), at(4)]) judge(error)
    const verdict = judge(cause)
    expect(verdict).toMatchObject({ error: { cause, message: expect.stringMatching(/record in\[0\]@4 has failed its thread 3 times in a row.*PROCESSING_ERROR: wrong/) } }) // prettier-ignore
  })

  test.each([
    ['another record between', [at(4), at(4), at(5), at(4), at(4)]],
    ['another partition', [at(4), at(4), at(4, 1), at(4)]],
    ['something else between', [at(4), at(4), elsewhere, at(4)]],
    ['what is no record’s', [elsewhere, elsewhere, elsewhere]],
  ])('%s begins to count anew', (_, errors) => {
    const { judge } = policy()
    expect(errors.map((error) => judge(error).decision)).toEqual(errors.map(() => 'replace-thread'))
  })

  test('in three threads is no loop', () => {
    const { judge } = policy()
    expect(['a', 'b', 'c'].map((thread) => judge(at(4), thread).decision)).toEqual(Array(3).fill('replace-thread'))
  })

  test('may end the whole application', () => {
    const { judge } = policy((error) => (error.code === 'POISON_LOOP' ? 'stop-application' : 'replace-thread'))
    expect([at(4), at(4), at(4)].map((error) => judge(error).decision)).toEqual(['replace-thread', 'replace-thread', 'stop-application'])
  })
})

test('six threads are replaced a minute; the seventh ends the client, and says what it was', () => {
  const { judge, clock } = policy()
  const decisions = ['a', 'b', 'c', 'd', 'e', 'f'].map((thread) => judge(elsewhere, thread).decision)
  expect(decisions).toEqual(Array(6).fill('replace-thread'))
  clock.now = 60_000
  expect(judge(elsewhere, 'g')).toMatchObject({ decision: 'stop-client', error: { code: 'REPLACEMENT_LIMIT', cause: elsewhere } })
  clock.now = 60_001
  expect(judge(elsewhere, 'h').decision).toBe('replace-thread')
})

test('the pause before another one doubles while a thread goes on failing, up to half a minute, and begins anew when it has run for a minute', () => {
  const { judge, clock } = policy()
  const pauses = [0, 20_000, 20_000, 20_000, 20_000, 20_000, 60_000, 60_001].map((later) => {
    clock.now += later
    const verdict = judge(elsewhere)
    return verdict.decision === 'replace-thread' ? verdict.pauseMs : -1
  })
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 1_000])
})

test('what isn’t a thread can’t be replaced, and without a word the client stops', () => {
  const error = new ClusterError('SOURCE_MISSING', 'no topic')
  const replacing = new FailurePolicy({ onFailure: () => 'replace-thread', logger: silent, now: () => 0 })
  expect(replacing.judge(error, undefined)).toEqual({ decision: 'stop-client', error })
  const made = new FailurePolicy({ onFailure: undefined, logger: silent, now: () => 0 })
  expect(made.judge(error, 't')).toEqual({ decision: 'stop-client', error })
})

test('what a thread throws that is no error of ours is our mistake', () => {
  expect(reasonOf(elsewhere)).toBe(elsewhere)
  expect(reasonOf('nothing')).toMatchObject({ code: 'INVARIANT', message: 'nothing', cause: 'nothing' })
})
