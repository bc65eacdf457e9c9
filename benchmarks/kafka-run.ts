/**
 * One run of a workload on a real Kafka, in a process of its own: `kafka-run.ts BROKERS WORKLOAD [ENGINE]`. It takes the closed backlog of the input,
 * samples its own CPU time at the half, closes (which commits and flushes), and prints one line of JSON with the fields of the baseline kit.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KafkaStreams } from '../src/index.ts'
import { kafkaInputs, kafkaWorkloads } from './kafka-workloads.ts'

const [brokers = '', workload = '', engine = 'rocksdb'] = process.argv.slice(2)
const stateDir = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
const inputs = new Set(kafkaInputs[workload])
const app = new KafkaStreams(kafkaWorkloads[workload]!(`out-${workload}`), {
  applicationId: `bench-${workload}-${Date.now()}`,
  brokers,
  stateDir,
  engine: engine === 'memory' ? 'memory' : 'rocksdb',
  // The kit's setting D: defaults made equal.
  commitIntervalMs: 30_000,
  cacheBytes: 10 * 1024 * 1024,
  lingerMs: 100,
  logger: false,
})
const startCpu = process.cpuUsage()
await app.start()
const cpuAtStart = process.cpuUsage()
const wallAtStart = performance.now()
let half: { cpu: NodeJS.CpuUsage; wall: number; done: number } | undefined
for (;;) {
  await new Promise((resolve) => setTimeout(resolve, 20))
  const { done, total, left } = progress()
  if (half === undefined && done >= total / 2) half = { cpu: process.cpuUsage(), wall: performance.now(), done }
  if (left === 0) break
}
const { done } = progress()
const closing = performance.now()
const { clean } = await app.close()
const used = process.cpuUsage(cpuAtStart)
const usedLast = process.cpuUsage(half!.cpu)
const ended = performance.now()
rmSync(stateDir, { recursive: true, force: true })
console.log(
  JSON.stringify({
    system: 'millrace',
    workload,
    engine,
    clean,
    input: done,
    seconds: (ended - wallAtStart) / 1_000,
    closeSeconds: (ended - closing) / 1_000,
    recordsPerSecond: Math.round((done / (ended - wallAtStart)) * 1_000),
    cpuNsPerRecord: Math.round(((used.user + used.system) * 1_000) / done),
    cpuNsPerRecordLastHalf: Math.round(((usedLast.user + usedLast.system) * 1_000) / (done - half!.done)),
    startCpuSeconds: (cpuAtStart.user + cpuAtStart.system - startCpu.user - startCpu.system) / 1e6,
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1_024),
  }),
)
process.exit(clean ? 0 : 1)

/** Input records processed, all of them, and what is left in every partition, repartition topics among them. */
function progress(): { done: number; total: number; left: number } {
  const partitions = app.tasks().flatMap((task) => task.partitions)
  const known = partitions.length > 0 && partitions.every(({ end }) => end !== undefined)
  const input = partitions.filter(({ topic }) => inputs.has(topic))
  const sum = (of: (one: (typeof partitions)[number]) => number): number => input.reduce((total, one) => total + of(one), 0)
  return {
    done: sum(({ position }) => position),
    total: known ? sum(({ end }) => end ?? 0) : Number.POSITIVE_INFINITY,
    left: known ? partitions.reduce((total, { lag }) => total + (lag ?? 1), 0) : 1,
  }
}
