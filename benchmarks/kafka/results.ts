/** Results of benchmarks on a real Kafka: their medians, the table, and the file. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { join } from 'node:path'
import type { Run } from './meter.ts'
import { pinned } from './programs.ts'

/** All runs of a workload on a system. */
export interface Result {
  readonly workload: string
  readonly system: string
  readonly version: string
  readonly runs: readonly Run[]
  /** False: what a run wrote is not what plain code computes from the input; then its figures say nothing. */
  readonly outputsEqual: boolean
}

const fields = [
  'records',
  'wallMs',
  'cpuNsPerRecord',
  'cpuNsPerRecordAll',
  'recordsPerSecond',
  'brokerCpuNsPerRecord',
  'startCpuMs',
  'closeMs',
  'rssMb',
] as const satisfies readonly (keyof Run)[]

/** Field by field. */
export function median(runs: readonly Run[]): Run {
  const middle = (values: number[]): number => {
    const sorted = values.sort((a, b) => a - b)
    const at = sorted.length >> 1
    return sorted.length % 2 === 1 ? sorted[at]! : Math.round((sorted[at - 1]! + sorted[at]!) / 2)
  }
  return Object.fromEntries(fields.map((field) => [field, middle(runs.map((run) => run[field]))])) as Record<keyof Run, number>
}

/** Prints a table, a line for each result; the ratio is the JVM's CPU time by the system's. */
export function printTable(results: readonly Result[]): void {
  const head = ['workload', 'system', 'records', 'CPU ns/rec', 'min', 'all', 'rec/s', 'broker ns', 'RSS MB', 'JVM/this']
  const rows = results.map(({ workload, system, runs, outputsEqual }) => {
    const of = median(runs)
    const jvm = results.find((other) => other.workload === workload && other.system === 'jvm')
    const ratio = jvm === undefined ? '' : (median(jvm.runs).cpuNsPerRecord / of.cpuNsPerRecord).toFixed(2)
    const min = Math.min(...runs.map(({ cpuNsPerRecord }) => cpuNsPerRecord))
    const figures = [of.records, of.cpuNsPerRecord, min, of.cpuNsPerRecordAll, of.recordsPerSecond, of.brokerCpuNsPerRecord, of.rssMb]
    const told = outputsEqual ? [...figures.map((figure) => figure.toLocaleString('en')), ratio] : ['OUTPUT DIFFERS']
    return [workload, system, ...told]
  })
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0)))
  for (const row of [head, ...rows])
    console.log(row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '))
}

/** Writes the results; answers the file's name from the project's folder. */
export function writeResults(results: readonly Result[]): string {
  const folder = join(import.meta.dirname, '../results')
  mkdirSync(folder, { recursive: true })
  const name = `${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}-kafka.json`
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, kernel: release() }
  const about = { setting: 'defaults', pinned, node: process.version, machine, commit: commit() }
  const all = results.map((result) => {
    const costs = result.runs.map(({ cpuNsPerRecord }) => cpuNsPerRecord)
    return { ...result, ...about, median: median(result.runs), spread: { min: Math.min(...costs), max: Math.max(...costs) } }
  })
  writeFileSync(join(folder, name), `${JSON.stringify(all, null, 2)}\n`)
  return `benchmarks/results/${name}`
}

function commit(): string | undefined {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: import.meta.dirname, encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}
