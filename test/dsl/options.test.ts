import { expect, test } from 'vitest'
import * as options from '../../src/dsl/options.ts'
import { otherwise } from '../../src/index.ts'

test('`otherwise` is one symbol, whoever imports it', () => {
  expect(options.otherwise).toBe(otherwise)
  expect(typeof otherwise).toBe('symbol')
})
