import { expect, test } from 'vitest'
import { seeded } from '../../src/base/random.ts'
import { memoryStores } from '../../src/runtime/task-stores.ts'

test('stores in memory begin empty each time, under a process id of their own', async () => {
  const stores = memoryStores(seeded(1))
  expect(stores.processId).toHaveLength(16)
  expect(memoryStores(seeded(2)).processId).not.toEqual(stores.processId)
  const first = await stores.openTask('0_0')
  expect(first.name).toBe('memory')
  await stores.release('0_0')
  expect(await stores.openTask('0_0')).not.toBe(first)
  await stores.setAside('0_0', 'corrupt')
  expect(await stores.cleanUp()).toEqual([])
  await stores.close()
})
