/** The programs of a benchmark: Node and JVM, pinned to a core of their own where that can be done, and ended when the benchmark ends. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { compiled } from '../../test/support/kafka/jars.ts'
import { ASSIGNMENT, type Assignment } from './client.ts'
import type { Run } from './meter.ts'

/** True: brokers get the first core, clients the second. */
export const pinned: boolean = cpus().length >= 2 && spawnSync('taskset', ['-V'], { stdio: 'ignore' }).status === 0

const LONGEST_MS = 15 * 60_000

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Runs a client to its end; answers the objects that it printed, a line each. */
async function client(command: string, args: readonly string[], environment: Readonly<Record<string, string>>): Promise<object[]> {
  const [first = '', ...rest] = [...(pinned ? ['taskset', '-c', '1'] : []), command, ...args]
  const child = spawn(first, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } })
  running.add(child)
  const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_MS)
  let out = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  clearTimeout(timer)
  running.delete(child)
  if (code !== 0)
    throw new Error(`${command} ${args.slice(-3).join(' ')} ended with ${code ?? 'a signal'}:\n${errors.slice(-4000)}${out.slice(-1000)}`)
  return out
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as object)
}

/** Runs a client that is written here, by the name of its file. */
export async function runNode(name: string, told: Assignment): Promise<Run> {
  const args = ['--import', 'tsx', join(import.meta.dirname, `${name}.ts`)]
  const [line] = await client(process.execPath, args, { [ASSIGNMENT]: JSON.stringify(told) })
  if (line === undefined) throw new Error(`${name} reported nothing`)
  return line as Run
}

/** The baseline's Java program on one Kafka. */
export class Baseline {
  readonly #classPath: string
  readonly #environment: Readonly<Record<string, string>>

  constructor(classPath: string, bootstrap: string, brokerPid: number) {
    this.#classPath = classPath
    this.#environment = { BOOTSTRAP: bootstrap, BROKER_PID: String(brokerPid) }
  }

  /** Compiles the program where that hasn't been done. */
  static compile(jars: string): Promise<string> {
    return compiled(join(import.meta.dirname, '../jvm/Bench.java'), jars)
  }

  /** Runs one of its commands; answers what it printed last. */
  async ask(...command: string[]): Promise<Readonly<Record<string, unknown>>> {
    const flags = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-Xms1g', '-Xmx4g', '-XX:+UseParallelGC']
    const cores = pinned ? ['-XX:ActiveProcessorCount=1'] : []
    const lines = await client('java', [...flags, ...cores, '-cp', this.#classPath, 'Bench', ...command], this.#environment)
    const last = lines.at(-1)
    if (last === undefined) throw new Error(`the baseline printed nothing for ${command.join(' ')}`)
    return last as Readonly<Record<string, unknown>>
  }
}
