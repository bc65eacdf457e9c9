import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLevel } from '../../src/platform/level-engine.ts'
import { tableDamage } from '../../src/platform/level-table.ts'
import { temporaryFolder } from '../support/engine-cases.ts'
import { pack } from '../support/engine-rows.ts'

async function tableBytes(rows: number): Promise<Buffer> {
  const directory = join(temporaryFolder(), 'db')
  const engine = await openLevel(directory, {})
  const written = Array.from({ length: rows }, (_, i) => [`key-${i}`, 'value'.repeat(i % 9)] as const)
  await engine.write({ rows: pack(written), deleteRanges: [] })
  await engine.flush()
  await engine.close()
  const [name] = readdirSync(directory).filter((file) => file.endsWith('.ldb'))
  return readFileSync(join(directory, name!))
}

test('a table that LevelDB wrote is sound', async () => {
  expect(tableDamage(await tableBytes(1))).toBeUndefined()
  expect(tableDamage(await tableBytes(3000))).toBeUndefined()
})

test('every changed bit is found, but for the padding of the footer', async () => {
  const bytes = await tableBytes(20)
  const missed: number[] = []
  for (let at = 0; at < bytes.length; at++) {
    bytes[at]! ^= 0x10
    if (tableDamage(bytes) === undefined) missed.push(at)
    bytes[at]! ^= 0x10
  }
  expect(missed.every((at) => at >= bytes.length - 44 && at < bytes.length - 8)).toBe(true)
  expect(missed.length).toBeLessThan(40)
})

test('every cut is found', async () => {
  const bytes = await tableBytes(20)
  for (let length = 0; length < bytes.length; length++) expect(tableDamage(bytes.subarray(0, length))).toBeDefined()
})
