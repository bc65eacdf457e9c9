import { expect, test } from 'vitest'
import { describeWithKafka } from '../support/kafka/with-kafka.ts'
import type { System } from './owners.ts'
import { outputs } from './takeover-stores-app.ts'
import { takeoverStores, type Results } from './takeover-stores.ts'

const PHASE_MS = Number(process.env['PHASE_MS'] ?? 1_000)
const turns: readonly (readonly System[])[] = [
  ['jvm', 'millrace'],
  ['millrace', 'jvm', 'millrace'],
]

describeWithKafka('one application id with each kind of store, run in turn', (kafka) => {
  test.each(turns.map((owners) => ({ owners, name: owners.join(', then ') })))(
    'by $name answers as Kafka Streams that ran all the time',
    { timeout: 240_000 + 5 * PHASE_MS },
    async ({ owners, name }) => {
      const report = await takeoverStores({ kafka: kafka(), owners, phaseMs: PHASE_MS, random: Math.random })
      const { sent, found, whole, internal, restored } = report
      console.log(`${name}: ${sent} numbers; restored ${restored.join(', ')} records`)
      expect(sent).toBeGreaterThan(500)
      for (const of of [...outputs.ordered, ...outputs.gathered, ...outputs.final]) {
        expect(whole[of].size, of).toBeGreaterThan(4)
        // Kafka Streams restores what waits in a join with grace as if its keys ended with their times, and then takes every record for a late one.
        if (of === 'patient' && owners.lastIndexOf('jvm') > 0) continue
        expect(differences(found[of], whole[of]), of).toEqual([])
      }
      expect(internal.found).toEqual(internal.whole)
      expect(internal.whole.length).toBeGreaterThan(20)
      expect(restored[0]).toBe(0)
      for (const records of restored.slice(1)) expect(records).toBeGreaterThan(0)
    },
  )
})

/** Keys that were answered differently, with both answers. */
function differences(found: Results, whole: Results): readonly string[] {
  return [...new Set([...found.keys(), ...whole.keys()])].flatMap((key) => {
    const [ours, theirs] = [found.get(key) ?? [], whole.get(key) ?? []]
    const at = ours.findIndex((value, i) => value !== theirs[i])
    if (at < 0 && ours.length === theirs.length) return []
    const first = at < 0 ? ours.length : at
    const around = (values: readonly string[]): string => values.slice(Math.max(0, first - 1), first + 3).join(', ')
    return [`${key} from ${first} of ${ours.length} and ${theirs.length}: ${around(ours)} but ${around(theirs)}`]
  })
}
