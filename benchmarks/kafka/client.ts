/** A client in a process of its own: what it is told, in its environment, and what it answers, one line of JSON. */
import type { Run } from './meter.ts'

/** What a client is told. */
export interface Assignment {
  readonly workload: string
  readonly brokers: readonly string[]
  readonly brokerPid: number
  /** Records of the input. */
  readonly records: number
  /** How often they are processed in all. */
  readonly steps: number
  readonly output: string
  /** Of the application, and what its topics begin with. */
  readonly applicationId: string
  readonly engine: 'rocksdb' | 'memory'
}

/** Environment variable that tells a client what to do. */
export const ASSIGNMENT = 'MILLRACE_BENCH'

/** What this process was told. Throws where it wasn't started by a benchmark. */
export function assignment(): Assignment {
  const told = process.env[ASSIGNMENT]
  if (told === undefined) throw new Error('this is a part of `npm run bench -- --kafka`')
  return JSON.parse(told) as Assignment
}

/** Answers. */
export function report(run: Run): void {
  console.log(JSON.stringify(run))
}
