import { expect, test } from 'vitest'
import { FORBIDDEN_OPTIONS, NUMBER_OPTIONS, OPTION_NAMES, WORD_OPTIONS } from '../../src/runtime/options.ts'

test('each default lies within its bounds', () => {
  for (const [name, rule] of Object.entries(NUMBER_OPTIONS)) {
    expect(rule.default, name).toBeGreaterThanOrEqual(rule.min)
    expect(rule.default, name).toBeLessThanOrEqual(rule.max)
  }
})

test('no name stands twice, and none is both ours and the user’s', () => {
  expect(new Set(OPTION_NAMES).size).toBe(OPTION_NAMES.length)
  for (const name of Object.keys(FORBIDDEN_OPTIONS)) expect(OPTION_NAMES).not.toContain(name)
  for (const name of Object.keys(WORD_OPTIONS)) expect(OPTION_NAMES).toContain(name)
})
