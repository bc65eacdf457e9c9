import { expect, test } from 'vitest'
import { openLevel } from '../../src/platform/level-engine.ts'
import { openRocksdb } from '../../src/platform/rocksdb-engine.ts'
import { describeWithKafka } from '../support/kafka/with-kafka.ts'
import { crash } from './crash.ts'

const KILLS = Number(process.env['KILLS'] ?? 3)
const engines = [
  { name: 'rocksdb' as const, open: openRocksdb },
  { name: 'level' as const, open: openLevel },
]

describeWithKafka('a process that is killed', (kafka) => {
  test.each(engines)('loses no word and tears no store of $name', { timeout: 60_000 + KILLS * 20_000 }, async (engine) => {
    const report = await crash({ brokers: kafka().brokers.join(','), kills: KILLS, engine, random: Math.random })
    const { lost, torn, compared, restored, sent, twice } = report
    console.log(
      `${engine.name}: ${KILLS} kills, ${sent} words sent, ${lost.length} lost, ${twice} counted twice, ${compared} databases compared, ${torn.length} torn, ${restored.reduce((sum, one) => sum + one.restored, 0)} records restored`,
    )
    expect(sent).toBeGreaterThan(1_000)
    expect(lost).toEqual([])
    expect(torn).toEqual([])
    expect(compared).toBeGreaterThan(0)
    for (const one of restored) expect(one.restored).toBe(one.behind)
  })

  test('counts exactly what was sent when nothing is killed', { timeout: 60_000 }, async () => {
    const { lost, twice, sent } = await crash({ brokers: kafka().brokers.join(','), kills: 0, engine: engines[0]!, random: Math.random })
    expect({ lost, twice }).toEqual({ lost: [], twice: 0 })
    expect(sent).toBeGreaterThan(0)
  })
})
