import { expect, test } from 'vitest'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import { engineSuite } from '../contract/engine.ts'
import { pack } from '../support/engine-rows.ts'

engineSuite('memory', () => Promise.resolve(new MemoryEngine()))

test('it answers at once and says that it keeps nothing over the process', () => {
  const engine = new MemoryEngine()
  expect(engine.write({ rows: pack([['a', '1']]), deleteRanges: [] })).toBeUndefined()
  expect(engine.getMany(pack([['a', null]])).count).toBe(1)
  expect(engine.persistent).toBe(false)
  expect(engine.name).toBe('memory')
})

test('its numbers count rows and the bytes of their keys', () => {
  const engine = new MemoryEngine()
  engine.write({ rows: pack([['a', '1'], ['key', '22'], ['gone', '3']]), deleteRanges: [] }) // prettier-ignore
  engine.write({ rows: pack([['gone', null]]), deleteRanges: [] })
  expect(engine.metrics()).toEqual({ rows: 2, key_bytes: 4 })
})
