import { expect, it } from 'vitest'
import { CODE } from '../../src/memory/codes.ts'
import { errorName } from '../../src/wire/error-table.ts'

it('calls Kafka’s numbers by Kafka’s names', () => {
  for (const [name, code] of Object.entries(CODE)) expect(errorName(code)).toBe(name)
})
