import { expect, test } from 'vitest'
import { describeWithKafka } from '../support/kafka/with-kafka.ts'
import type { System } from './owners.ts'
import { takeover } from './takeover.ts'

const PHASE_MS = Number(process.env['PHASE_MS'] ?? 1_000)
const turns: readonly (readonly System[])[] = [
  ['jvm', 'millrace'],
  ['millrace', 'jvm', 'millrace'],
]

describeWithKafka('one application id, run in turn', (kafka) => {
  test.each(turns.map((owners) => ({ owners, name: owners.join(', then ') })))(
    'by $name answers as if one program had run all the time',
    { timeout: 120_000 + 3 * PHASE_MS },
    async ({ owners, name }) => {
      const report = await takeover({ kafka: kafka(), owners, phaseMs: PHASE_MS, random: Math.random })
      const { sent, late, expected, found, restored, stored } = report
      console.log(`${name}: ${sent} numbers, ${late} too late for their window; restored ${restored.join(', ')} records`)
      expect(sent).toBeGreaterThan(500)
      expect(late).toBeGreaterThan(0)
      for (const of of ['digests', 'windows', 'digits', 'joined', 'sums', 'pairs'] as const) {
        expect(found[of].size).toBeGreaterThan(9)
        expect(sorted<unknown>(found[of])).toEqual(sorted<unknown>(expected[of]))
      }
      expect(restored[0]).toBe(0)
      for (const records of restored.slice(1)) expect(records).toBeGreaterThan(0)
      expect(sorted(stored)).toEqual(sorted(new Map([...expected.digests].map(([key, values]) => [key, values.at(-1)]))))
    },
  )
})

function sorted<T>(map: ReadonlyMap<string, T>): readonly (readonly [string, T])[] {
  return [...map].toSorted(([a], [b]) => (a < b ? -1 : 1))
}
