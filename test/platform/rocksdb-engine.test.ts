import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openRocksdb } from '../../src/platform/rocksdb-engine.ts'
import { engineSuite } from '../contract/engine.ts'
import { diskEngineCases, temporaryFolder } from '../support/engine-cases.ts'

engineSuite('rocksdb', () => openRocksdb(join(temporaryFolder(), 'db'), {}))
diskEngineCases(openRocksdb)

test('its write buffers shrink with the memory it is given, and its block cache is counted', async () => {
  const used = async (bytes: number): Promise<number> => {
    const engine = await openRocksdb(join(temporaryFolder(), 'db'), { bytes })
    const { memory_bytes: memory = 0 } = engine.metrics()
    await engine.close()
    return memory / 2 ** 20
  }
  expect(await used(2 ** 30)).toBe(64)
  expect(await used(48 * 2 ** 20)).toBe(48)
  expect(await used(2 ** 20)).toBe(34)
})
