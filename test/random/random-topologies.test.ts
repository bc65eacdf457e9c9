/**
 * Random topologies of 1 to 8 steps, each with random records: what the test driver writes is, record for record in each output topic, what a naive
 * interpreter of the same steps writes; in parity with Kafka Streams and without its defects.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { header, type Topology } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/topology-test-driver.ts'
import { build } from './build.ts'
import { send } from './driven.ts'
import { GRAMMAR, outputTopic, randomCases, SOURCES, type Input } from './grammar.ts'
import { interpret } from './naive/interpret.ts'
import type { Item } from './naive/world.ts'
import { cases } from './runs.ts'

const runs = cases({ ci: 50, every: 5 })

test.each([true, false])(
  `${runs} random topologies answer what a naive interpreter answers, record for record; parity: %s`,
  (parity) => {
    fc.assert(
      fc.property(randomCases, ({ program, records }) => {
        const topology = build(program, parity ? { parity: 'kafka-streams' } : {})
        expect(driven(topology, records)).toEqual(Object.fromEntries(interpret(program, records, { parity })))
      }),
      { numRuns: runs },
    )
  },
  600_000,
)

function driven(topology: Topology, records: readonly Input[]): Record<string, readonly Item[]> {
  using driver = new TopologyTestDriver(topology, { config: { applicationId: 'app', cacheBytes: 0 } })
  send(driver, records)
  const written: Record<string, Item[]> = {}
  for (const { topic, key, value, timestamp, headers } of driver.outputs())
    (written[topic] ??= []).push({
      key: textOf(key),
      value: textOf(value),
      time: timestamp,
      headers: textOf(header(headers, 'h') ?? null) ?? '',
    })
  return written
}

const textOf = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString())

test('in a sample of random topologies every production answers something', () => {
  const answering = new Set<string>()
  for (const { program, records } of fc.sample(randomCases, { numRuns: 300, seed: 1 })) {
    const written = driven(build(program), records)
    const makers = program.steps.flatMap(({ op }) => GRAMMAR[op]!.gives.map(() => op))
    for (const [n, op] of makers.entries()) if (outputTopic(SOURCES.length + n) in written) answering.add(op)
  }
  expect(Object.keys(GRAMMAR).filter((op) => !answering.has(op))).toEqual([])
})
