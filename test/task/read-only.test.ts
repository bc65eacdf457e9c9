import { expect, test } from 'vitest'
import { readOnly } from '../../src/task/read-only.ts'

test('what reads goes through, what writes says whose the store is', () => {
  const face = { get: (key: string) => `${key}!`, put: () => 1, putIfAbsent: () => 1, delete: () => 1 }
  const view = readOnly(face, 'rates')
  expect(view.get('k')).toBe('k!')
  for (const write of [view.put, view.putIfAbsent, view.delete])
    expect(write).toThrow(
      expect.objectContaining({ code: 'STORE_NOT_CONNECTED', message: expect.stringContaining('store rates is global') }),
    )
  expect(Object.keys(readOnly({ get: () => 1 }, 'rates'))).toEqual(['get'])
})
