/**
 * `npm run bench [-- --workload NAME] [--records N] [--runs N] [--smoke]`: runs the workloads in one process on the in-process broker, its own work
 * included. The figure is CPU time per input record (user and system, all threads) over the second half of a run: it stays valid when the machine is
 * busy. `--smoke` runs every workload with 20,000 records, compares what came out with a naive computation, and times nothing.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { KafkaStreams } from '../src/index.ts'
import { MemoryCluster } from '../src/memory/cluster.ts'
import { defaultClock, defaultRandom } from '../src/runtime/defaults.ts'
import { murmur2, partitionOf } from '../src/base/murmur2.ts'
import { BatchWriter } from '../src/wire/batch-writer.ts'
import { workloads, type Workload } from './workloads.ts'

const PARTITIONS = 4

interface Run {
  readonly records: number
  readonly wallMs: number
  readonly cpuNsPerRecord: number
  readonly rssMb: number
}

const { values } = parseArgs({
  options: {
    workload: { type: 'string' },
    records: { type: 'string', default: '2000000' },
    runs: { type: 'string', default: '3' },
    smoke: { type: 'boolean', default: false },
  },
})

const chosen = workloads.filter(({ name }) => values.workload === undefined || name === values.workload)
const records = values.smoke ? 20_000 : Number(values.records)
const results: object[] = []
let different = 0
for (const workload of chosen) {
  const runs: Run[] = []
  for (let i = 0; i < (values.smoke ? 1 : Number(values.runs)); i++) runs.push(await once(workload, records))
  const median = [...runs].sort((a, b) => a.cpuNsPerRecord - b.cpuNsPerRecord)[runs.length >> 1]!
  results.push({
    workload: workload.name,
    system: 'millrace',
    node: process.version,
    machine: { cpu: cpus()[0]?.model, cores: cpus().length },
    runs,
    median,
  })
  if (!values.smoke) {
    const perCore = Math.round(1e9 / median.cpuNsPerRecord)
    console.log(
      `${workload.name.padEnd(18)} ${median.cpuNsPerRecord.toFixed(0).padStart(6)} CPU ns a record, ${perCore.toLocaleString('en')} records/s a core; RSS ${median.rssMb} MB   ${workload.about}`,
    )
  }
}
let file = 'no file'
if (!values.smoke) {
  const folder = join(import.meta.dirname, 'results')
  mkdirSync(folder, { recursive: true })
  file = join('benchmarks/results', `${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.json`)
  writeFileSync(join(import.meta.dirname, '..', file), `${JSON.stringify(results, null, 2)}\n`)
}
console.log(`bench: ${results.length} results, ${different} outputs differ, ${file}`)
process.exitCode = different === 0 ? 0 : 1

async function once(workload: Workload, count: number): Promise<Run> {
  const cluster = new MemoryCluster({ clock: defaultClock, random: defaultRandom, checkCrc: false, autoCreateTopics: true })
  cluster.createTopic('views', { partitions: PARTITIONS })
  cluster.createTopic('copies', { partitions: PARTITIONS })
  fill(cluster, workload, count)
  globalThis.gc?.()
  const app = new KafkaStreams(
    workload.topology(),
    { applicationId: 'bench', brokers: 'memory:', cacheBytes: 2 ** 31, logger: false },
    { transport: cluster },
  )
  await app.start()
  const wanted = workload.outputs(count)
  await written(cluster, wanted / 2)
  const half = recordsIn(cluster)
  const cpu = process.cpuUsage()
  const wall = performance.now()
  await written(cluster, wanted)
  const used = process.cpuUsage(cpu)
  const wallMs = performance.now() - wall
  const share = (wanted - half) / wanted
  const run = {
    records: count,
    wallMs: Math.round(wallMs),
    cpuNsPerRecord: ((used.user + used.system) * 1_000) / (count * share),
    rssMb: Math.round(process.memoryUsage().rss / 2 ** 20),
  }
  if (values.smoke) different += check(cluster, workload, count)
  await app.close()
  await cluster.close()
  return run
}

function fill(cluster: MemoryCluster, workload: Workload, count: number): void {
  const writers = Array.from({ length: PARTITIONS }, () => new BatchWriter({ initialBytes: 128 * 1024 }))
  const seal = (partition: number): void => {
    const writer = writers[partition]!
    if (writer.count === 0) return
    cluster.append('views', partition, writer.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1 }))
    writer.reset()
  }
  for (let n = 0; n < count; n++) {
    const { key, value } = workload.record(n)
    const keyBytes = Buffer.from(key)
    const partition = partitionOf(murmur2(keyBytes), PARTITIONS)
    writers[partition]!.append(keyBytes, Buffer.from(value), n, undefined)
    if (writers[partition]!.count === 1_000) seal(partition)
  }
  for (let partition = 0; partition < PARTITIONS; partition++) seal(partition)
}

function recordsIn(cluster: MemoryCluster): number {
  return (cluster.topic('copies')?.partitions ?? []).reduce((sum, { log }) => sum + log.endOffset, 0)
}

async function written(cluster: MemoryCluster, count: number): Promise<void> {
  while (recordsIn(cluster) < count) await new Promise((resolve) => setTimeout(resolve, 2))
}

function check(cluster: MemoryCluster, workload: Workload, count: number): number {
  const inputs = Array.from({ length: count }, (_, n) => workload.record(n))
  const partitions = cluster.topic('copies')?.partitions ?? []
  return workload.differences(
    inputs,
    partitions.flatMap((_, partition) =>
      cluster.read('copies', partition).map(({ key, value }) => ({ key: text(key), value: text(value) })),
    ),
  )
}

function text(bytes: Uint8Array | null): string {
  return Buffer.from(bytes ?? []).toString('latin1')
}
