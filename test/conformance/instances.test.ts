/**
 * Every recorded topology through two instances in three partitions on the in-process broker, of which the second joins after a third of the records
 * and the first leaves after two thirds: the final tables are those of the test driver in one partition. Each record is committed before the next is
 * written, so that order between partitions, which no cluster promises, plays no part.
 */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { KafkaStreams } from '../../src/index.ts'
import { MemoryCluster } from '../../src/memory/cluster.ts'
import { murmur2, partitionOf } from '../../src/base/murmur2.ts'
import { defaultClock, defaultRandom } from '../../src/runtime/defaults.ts'
import { committed, quietly, topicsRead } from '../support/quiet.ts'
import { inputsOf, lastRound, PLACED, tablesInDriver, tablesOf, topologyOf, type Input, type Tables } from './final-tables.ts'
import { programs } from './programs/all.ts'
import { readTrace, traceIds, type TraceFile } from './trace.ts'

const PARTITIONS = 3
const traces = join(import.meta.dirname, 'traces')
/** Besides those that depend on time and place. */
const MOVED: Readonly<Record<string, string>> = {
  'count-logging-disabled': 'its store has no changelog, so its content stays behind when a task moves, as in Kafka Streams',
  'suppress-logging-disabled': 'its buffer has no changelog, so what waits stays behind when a task moves, as in Kafka Streams',
  'orders-payments': 'what is unmatched is told once a second at most, too late for the windows below',
  'punctuate-anchored': 'punctuates by the wall clock, which goes on here',
  'punctuate-then-aggregate': 'punctuates by the wall clock, which goes on here',
  'punctuate-wall-clock': 'punctuates by the wall clock, which goes on here',
}
/** What is closed once a second of the wall clock at most. */
const THROTTLED = /emit-on-close|stream-stream|self-join|orders-payments|final/
/** A record meets the rows of a global table that have come so far; nothing in the group says which. */
const GLOBAL = /global/
const ids = traceIds(traces).filter(
  (id) => Object.hasOwn(programs, id) && !Object.hasOwn(PLACED, id) && !Object.hasOwn(MOVED, id) && !GLOBAL.test(id),
)

test.concurrent.each(ids)('%s', { timeout: 120_000 }, async (id) => {
  const file = readTrace(traces, id)
  const inputs = inputsOf(file)
  expect(await throughInstances(file, inputs)).toEqual(tablesInDriver(file, 1))
})

async function throughInstances(file: TraceFile, inputs: readonly Input[]): Promise<Tables> {
  const cluster = new MemoryCluster({ clock: defaultClock, random: defaultRandom, checkCrc: true, autoCreateTopics: true })
  const topics = topicsRead(topologyOf(file), inputs)
  for (const topic of topics.outer) cluster.createTopic(topic, { partitions: PARTITIONS })
  const first = instance(file, cluster)
  await first.start()
  let second: KafkaStreams | undefined
  for (const [n, input] of inputs.entries()) {
    if (n === Math.floor(inputs.length / 3)) {
      second = instance(file, cluster)
      await second.start()
    }
    if (n === Math.floor((inputs.length * 2) / 3)) expect(await first.close()).toEqual({ clean: true })
    if (n === lastRound(inputs) && THROTTLED.test(file.topology)) await new Promise((resolve) => setTimeout(resolve, 1_200))
    const { key, value, timestamp } = input
    cluster.append(input.topic, key === null ? 0 : partitionOf(murmur2(key), PARTITIONS), [{ key, value, timestamp }])
    await committed(cluster, topics.all)
  }
  expect(await second!.close()).toEqual({ clean: true })
  const records = cluster
    .topicNames()
    .flatMap((topic) =>
      cluster.endOffsets(topic).flatMap((_, partition) => cluster.read(topic, partition).map(({ key, value }) => ({ topic, key, value }))),
    )
  await cluster.close()
  const inner = new Set(topics.all)
  return tablesOf(
    topologyOf(file),
    records.filter(({ topic }) => !inner.has(topic)),
  )
}

function instance(file: TraceFile, cluster: MemoryCluster): KafkaStreams {
  const options = { ...quietly, onError: () => 'skip' as const }
  return new KafkaStreams(topologyOf(file), options, { transport: cluster })
}
