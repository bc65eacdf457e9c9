/**
 * What a run on a real Kafka costs: CPU time of the client's process (user and system, all threads) and of the broker's, over the whole run and over the
 * second half of the input, when everything is compiled. The same code measures every system that runs on Node; the JVM's program measures alike.
 */
import { readFileSync } from 'node:fs'

/** One run. CPU figures are nanoseconds per input record. */
export interface Run {
  readonly records: number
  readonly wallMs: number
  /** The client's, over the second half of the input: the figure to compare. */
  readonly cpuNsPerRecord: number
  /** The client's, over everything since it was running. */
  readonly cpuNsPerRecordAll: number
  /** Of the whole run. */
  readonly recordsPerSecond: number
  /** NaN where the broker's process can't be looked at. */
  readonly brokerCpuNsPerRecord: number
  /** The client's, until it was running. */
  readonly startCpuMs: number
  /** Of the last commit and flush. */
  readonly closeMs: number
  /** The largest. */
  readonly rssMb: number
}

interface Sample {
  readonly wall: number
  readonly cpu: number
  readonly broker: number
  readonly done: number
}

/** Measures a run: `start`, `at` again and again until it answers true, `closing`, `end`. */
export class Meter {
  readonly #records: number
  readonly #steps: number
  readonly #brokerPid: number
  #started: Sample
  #half: Sample | undefined
  #closing: number

  /** `records`: of the input; `steps`: how often they are processed in all; clocks start now. */
  constructor(records: number, steps: number, brokerPid: number) {
    this.#records = records
    this.#steps = steps
    this.#brokerPid = brokerPid
    this.#started = this.#sample(0)
    this.#closing = this.#started.wall
  }

  /** Tells how many steps are done; true: all of them. */
  at(done: number): boolean {
    if (this.#half === undefined && done >= this.#steps / 2) this.#half = this.#sample(done)
    if (done < this.#steps) return false
    this.#closing = performance.now()
    return true
  }

  /** Ends the run: all output is written, and positions are committed. */
  end(): Run {
    const start = this.#started
    const half = this.#half ?? start
    const last = this.#sample(this.#steps)
    const records = this.#records
    const lastRecords = ((this.#steps - half.done) / this.#steps) * records
    return {
      records,
      wallMs: Math.round(last.wall - start.wall),
      cpuNsPerRecord: Math.round((last.cpu - half.cpu) / lastRecords),
      cpuNsPerRecordAll: Math.round((last.cpu - start.cpu) / records),
      recordsPerSecond: Math.round((records / (last.wall - start.wall)) * 1_000),
      brokerCpuNsPerRecord: Math.round((last.broker - start.broker) / records),
      startCpuMs: Math.round(start.cpu / 1e6),
      closeMs: Math.round(last.wall - this.#closing),
      rssMb: Math.round(process.resourceUsage().maxRSS / 1_024),
    }
  }

  #sample(done: number): Sample {
    const { user, system } = process.cpuUsage()
    return { wall: performance.now(), cpu: (user + system) * 1_000, broker: cpuOf(this.#brokerPid), done }
  }
}

/** CPU nanoseconds of a process, in ticks of 10 ms; NaN where the system doesn't tell. */
function cpuOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 1e7
  } catch {
    return Number.NaN
  }
}
