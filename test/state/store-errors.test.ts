import { expect, test } from 'vitest'
import { nullKey, storeClosed } from '../../src/state/store-errors.ts'

test('refusals name the store and say by their code who can act', () => {
  expect(nullKey('counts')).toMatchObject({ code: 'SERDE_ENCODE', name: 'SerdeError', message: expect.stringContaining('counts') })
  expect(storeClosed('counts')).toMatchObject({ code: 'STORE_CLOSED', name: 'StoreUnavailableError', context: { store: 'counts' } })
})
