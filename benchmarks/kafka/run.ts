/**
 * The benchmark on a real Kafka: one broker, inputs made beforehand, and every system in turn over the same backlog, in a process of its own on a core of
 * its own. What a run wrote is compared, as a digest, with what plain code computes from the input; a run with another output has no figure.
 */
import { missingKafka } from '../../test/support/kafka/jars.ts'
import { startKafka, type RunningKafka } from '../../test/support/kafka/start-kafka.ts'
import type { Run } from './meter.ts'
import { Baseline, pinned, runNode } from './programs.ts'
import { printTable, writeResults, type Result } from './results.ts'
import { administer, forget, recreate } from './topics.ts'
import { inputs, isWorkload, workloads, type WorkloadName } from './workloads.ts'

/** The systems that can be measured. */
export type SystemName = 'millrace' | 'jvm' | 'kafkajs'

/** What is measured. */
export interface KafkaBench {
  readonly workloads: readonly string[]
  readonly systems: readonly string[]
  /** Of each input; undefined: as many as the baseline was measured with. */
  readonly records: number | undefined
  readonly runs: number
  readonly engine: 'rocksdb' | 'memory'
  /** True: figures are neither printed nor kept, outputs are compared. */
  readonly smoke: boolean
}

/** What came of it. */
export interface KafkaBenchOutcome {
  readonly results: number
  readonly different: number
  readonly file: string
}

const VERSIONS: Readonly<Record<SystemName, string>> = { millrace: 'this', jvm: '4.3.1', kafkajs: '2.2.4' }

/** Systems that know the workload. */
function systemsOf(workload: WorkloadName, wanted: readonly string[]): readonly SystemName[] {
  const known: readonly SystemName[] = workload === 'passthrough' ? ['millrace', 'jvm', 'kafkajs'] : ['millrace', 'jvm']
  return known.filter((system) => wanted.includes(system))
}

/** Measures on a Kafka that is started for it. Throws where there can be none. */
export async function benchOnKafka(bench: KafkaBench): Promise<KafkaBenchOutcome> {
  const missing = missingKafka()
  if (missing !== undefined) throw new Error(missing.replace('skipped: ', ''))
  for (const name of bench.workloads)
    if (!isWorkload(name)) throw new Error(`there is no workload ${name}: ${Object.keys(workloads).join(', ')}`)
  const names = (Object.keys(workloads) as WorkloadName[]).filter((name) => bench.workloads.length === 0 || bench.workloads.includes(name))
  const kafka = await startKafka({
    fast: true,
    ...(pinned ? { core: 0 } : {}),
    properties: { 'num.network.threads': '2', 'num.io.threads': '4', 'background.threads': '2', 'log.segment.delete.delay.ms': '1000' },
  })
  try {
    return await measure(new Session(kafka, await Baseline.compile(kafka.classPath), bench), names, bench)
  } finally {
    await kafka.close()
  }
}

async function measure(session: Session, names: readonly WorkloadName[], bench: KafkaBench): Promise<KafkaBenchOutcome> {
  const results: Result[] = []
  for (const name of names) {
    const found = await session.workload(name)
    if (!bench.smoke) printTable(found)
    results.push(...found)
  }
  if (!bench.smoke && names.length > 1) printTable(results)
  const file = bench.smoke ? 'no file' : writeResults(results)
  return { results: results.length, different: results.filter(({ outputsEqual }) => !outputsEqual).length, file }
}

/** A Kafka, what lies on it, and the programs that use it. */
class Session {
  readonly #kafka: RunningKafka
  readonly #baseline: Baseline
  readonly #bench: KafkaBench
  /** Input topics that are there. */
  readonly #made = new Set<string>()

  constructor(kafka: RunningKafka, classPath: string, bench: KafkaBench) {
    this.#kafka = kafka
    this.#bench = bench
    this.#baseline = new Baseline(classPath, kafka.brokers.join(','), kafka.pid(1))
  }

  /** Runs all systems on a workload, in turn. */
  async workload(workload: WorkloadName): Promise<Result[]> {
    const records = this.#bench.records ?? inputs[workload].records
    await this.#make(workload, records)
    const { digest } = await this.#baseline.ask('expect', workload)
    const runs = systemsOf(workload, this.#bench.systems).map((system) => ({ system, runs: [] as Run[], equal: true }))
    for (let i = 0; i < this.#bench.runs; i++) {
      for (const of of runs) {
        of.runs.push(await this.#run(of.system, workload, records))
        const written = await this.#baseline.ask('verify', workload)
        if (written['digest'] === digest) continue
        of.equal = false
        console.error(`${workload} by ${of.system}: the output differs: ${JSON.stringify(written)}, expected ${String(digest)}`)
      }
    }
    return runs.map((of) => ({
      workload,
      system: of.system,
      version: VERSIONS[of.system],
      runs: of.runs,
      outputsEqual: of.equal,
    }))
  }

  async #make(workload: WorkloadName, records: number): Promise<void> {
    const { topic } = inputs[workload]
    if (this.#made.has(topic)) return
    await this.#baseline.ask('generate', workload, String(records))
    this.#made.add(topic)
  }

  async #run(system: SystemName, workload: WorkloadName, records: number): Promise<Run> {
    if (system === 'jvm')
      return runOfBaseline(await this.#baseline.ask('run', workload, ...(this.#bench.engine === 'memory' ? ['--in-memory'] : [])))
    const { brokers } = this.#kafka
    const output = `out-${workload}`
    const applicationId = `bench-${system}-${workload}-${Date.now()}`
    const steps = records * inputs[workload].hops
    await administer(brokers, (admin) => recreate(admin, output))
    const { engine } = this.#bench
    const run = await runNode(system, { workload, brokers, brokerPid: this.#kafka.pid(1), records, steps, output, applicationId, engine })
    await administer(brokers, (admin) => forget(admin, applicationId))
    return run
  }
}

/** The same figures from the line that the baseline's program prints. */
function runOfBaseline(line: Readonly<Record<string, unknown>>): Run {
  const figure = (name: string): number => Number(line[name])
  return {
    records: figure('input'),
    wallMs: Math.round(figure('seconds') * 1_000),
    cpuNsPerRecord: figure('cpuNsPerRecordLastHalf'),
    cpuNsPerRecordAll: figure('cpuNsPerRecord'),
    recordsPerSecond: figure('recordsPerSecond'),
    brokerCpuNsPerRecord: figure('brokerCpuNsPerRecord'),
    startCpuMs: Math.round(figure('startCpuSeconds') * 1_000),
    closeMs: Math.round(figure('closeSeconds') * 1_000),
    rssMb: figure('peakRssMb'),
  }
}
