import { expect, it } from 'vitest'
import { INCREMENTAL_ALTER_CONFIGS } from '../../../src/wire/api/configs.ts'

it('is the request that changes some configs, and not the one that resets the others', () => {
  expect(INCREMENTAL_ALTER_CONFIGS).toMatchObject({ key: 44, name: 'IncrementalAlterConfigs', min: 1, max: 1 })
})
