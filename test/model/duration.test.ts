import { expect, test } from 'vitest'
import { days, hours, minutes, seconds } from '../../src/model/duration.ts'

test('durations are milliseconds', () => {
  expect([seconds(1), minutes(1), hours(1), days(1)]).toEqual([1_000, 60_000, 3_600_000, 86_400_000])
  expect([seconds(0.5), minutes(2), hours(24)]).toEqual([500, 120_000, days(1)])
})
