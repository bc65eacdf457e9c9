import { expect, test } from 'vitest'
import { lineLogger, oncePerMinute, silent } from '../../src/runtime/logger.ts'
import { manualClock } from '../memory/world.ts'

test('a line of JSON for each warning and error, nothing below', () => {
  const lines: unknown[] = []
  const logger = lineLogger((line) => lines.push(JSON.parse(line)))
  logger.debug({}, 'a')
  logger.info({}, 'b')
  logger.warn({ topic: 't' }, 'c')
  logger.error({}, 'd')
  expect(lines).toEqual([
    { level: 'warn', message: 'c', topic: 't' },
    { level: 'error', message: 'd' },
  ])
  expect(silent.error({}, 'x')).toBeUndefined()
})

test('a line of one key comes once a minute, with how many were held back', async () => {
  const clock = manualClock()
  const lines: object[] = []
  const warn = oncePerMinute(clock, (fields) => lines.push(fields))
  for (let i = 0; i < 5; i++) warn('a', { i }, 'm')
  warn('b', { i: 9 }, 'm')
  await clock.advance(60_000)
  warn('a', { i: 5 }, 'm')
  expect(lines).toEqual([{ i: 0 }, { i: 9 }, { i: 5, repeated: 4 }])
})
