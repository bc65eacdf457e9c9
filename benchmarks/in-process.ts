/**
 * The workloads in one process on the in-process broker, its own work included. The figure is CPU time per input record (user and system, all threads)
 * over the second half of a run: it stays valid when the machine is busy.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { KafkaStreams } from '../src/index.ts'
import type { MemoryCluster } from '../src/memory/cluster.ts'
import { loadedCluster, recordsIn, written } from './loaded-cluster.ts'
import { workloads, type Workload } from './workloads.ts'

interface Run {
  readonly records: number
  readonly wallMs: number
  readonly cpuNsPerRecord: number
  readonly rssMb: number
  /** Records that differ from the naive computation; looked at in smoke runs only. */
  readonly differences: number
}

/** What is measured. */
export interface InProcessBench {
  /** Names; none: all workloads. */
  readonly workloads: readonly string[]
  readonly records: number
  readonly runs: number
  /** True: outputs are compared, nothing is timed. */
  readonly smoke: boolean
}

/** Measures, prints a line for each workload, and keeps the results in a file. */
export async function benchInProcess(bench: InProcessBench): Promise<{ results: number; different: number; file: string }> {
  const unknown = bench.workloads.find((name) => workloads.every((workload) => workload.name !== name))
  if (unknown !== undefined) throw new Error(`there is no workload ${unknown}: ${workloads.map(({ name }) => name).join(', ')}`)
  const chosen = workloads.filter(({ name }) => bench.workloads.length === 0 || bench.workloads.includes(name))
  const results: object[] = []
  const parseNs: number[] = []
  let different = 0
  for (const workload of chosen) {
    const runs: Run[] = []
    for (let i = 0; i < bench.runs; i++) {
      if (!bench.smoke) parseNs.push(parsing())
      runs.push(await once(workload, bench.records, bench.smoke))
    }
    different += runs.reduce((sum, { differences }) => sum + differences, 0)
    const median = [...runs].sort((a, b) => a.cpuNsPerRecord - b.cpuNsPerRecord)[runs.length >> 1]!
    const machine = { cpu: cpus()[0]?.model, cores: cpus().length }
    results.push({ workload: workload.name, system: 'millrace', node: process.version, machine: { ...machine, parseNs }, runs, median })
    if (!bench.smoke) print(workload, median)
  }
  if (!bench.smoke) printMachine(parseNs)
  return { results: results.length, different, file: bench.smoke ? 'no file' : write(results) }
}

function print({ name, about }: Workload, { cpuNsPerRecord, rssMb }: Run): void {
  const perCore = Math.round(1e9 / cpuNsPerRecord).toLocaleString('en')
  console.log(
    `${name.padEnd(18)} ${cpuNsPerRecord.toFixed(0).padStart(6)} CPU ns a record, ${perCore} records/s a core; RSS ${rssMb} MB   ${about}`,
  )
}

/** How fast the machine was meanwhile: what `JSON.parse` of one of the values takes, which the targets suppose to be 480 to 660 ns. */
function printMachine(parseNs: readonly number[]): void {
  const [least, most] = [Math.min(...parseNs), Math.max(...parseNs)].map((ns) => ns.toFixed(0))
  console.log(`meanwhile JSON.parse of one such value took ${least} to ${most} CPU ns here; the targets suppose 480 to 660`)
}

function parsing(): number {
  const values = Array.from({ length: 1_000 }, (_, n) => Buffer.from(workloads[0]!.record(n).value))
  let best = Infinity
  for (let i = 0; i < 40; i++) {
    const cpu = process.cpuUsage()
    for (const value of values) JSON.parse(value.toString())
    const used = process.cpuUsage(cpu)
    best = Math.min(best, used.user + used.system)
  }
  return best
}

function write(results: readonly object[]): string {
  const folder = join(import.meta.dirname, 'results')
  mkdirSync(folder, { recursive: true })
  const file = join('benchmarks/results', `${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.json`)
  writeFileSync(join(import.meta.dirname, '..', file), `${JSON.stringify(results, null, 2)}\n`)
  return file
}

async function once(workload: Workload, count: number, smoke: boolean): Promise<Run> {
  const cluster = loadedCluster(workload, count)
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
  const differences = smoke ? check(cluster, workload, count) : 0
  const run = {
    records: count,
    wallMs: Math.round(wallMs),
    cpuNsPerRecord: ((used.user + used.system) * 1_000) / (count * share),
    rssMb: Math.round(process.memoryUsage().rss / 2 ** 20),
    differences,
  }
  await app.close()
  await cluster.close()
  return run
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
