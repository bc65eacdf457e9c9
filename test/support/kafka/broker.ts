/** One broker as a Java process: starting it, waiting until it serves, ending it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { Kafka, logLevel, type Admin } from 'kafkajs'
import type { KafkaOptions } from './start-kafka.ts'
import type { BrokerPlace } from './settings.ts'

const READY_MS = 60_000

/** A program that was started, and where it logs. */
export interface JavaProcess {
  readonly child: ChildProcess
  readonly log: string
}

/** Starts a Java program that runs until it is killed. */
export function startJava(classPath: string, log: string, program: readonly string[], options: KafkaOptions): JavaProcess {
  const flags = options.fast === true ? ['-Xms512m', '-Xmx2g'] : ['-XX:TieredStopAtLevel=1', '-Xms192m', '-Xmx384m']
  const java = ['java', ...flags, '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', classPath, ...program]
  const [command = '', ...args] = options.core === undefined ? java : ['taskset', '-c', String(options.core), ...java]
  const out = openSync(log, 'a')
  const child = spawn(command, args, { stdio: ['ignore', out, out] })
  closeSync(out)
  return { child, log }
}

/** True: it still runs. */
export function running({ child }: JavaProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}

/** Kills a process at once; settles when it is gone. */
export function end({ child }: JavaProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}

/** What a broker must know before it is ready. */
export interface Expected {
  /** The nodes that it lists. */
  readonly nodes: readonly number[]
  /** The id of its cluster, where it was chosen: somebody else's broker may listen at a port that was free a second ago. */
  readonly clusterId: string | undefined
}

/** Waits until a broker lists the nodes that are expected. Rejects with its log when it ends or takes longer than a minute. */
export function ready(place: BrokerPlace, process: JavaProcess, expected: Expected): Promise<void> {
  return settled(place, process, async (admin) => {
    const { brokers, clusterId } = await admin.describeCluster()
    if (expected.clusterId !== undefined && clusterId !== expected.clusterId) return false
    return expected.nodes.every((node) => brokers.some(({ nodeId }) => nodeId === node))
  })
}

/** Waits until topics can be made and have leaders. */
export function makesTopics(place: BrokerPlace, process: JavaProcess, replicas: number): Promise<void> {
  const topic = 'is-it-ready'
  return settled(place, process, async (admin) => {
    await admin
      .createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: replicas }], waitForLeaders: true })
      .catch(async (error: unknown) => {
        // Made by an attempt before, whose wait for a leader failed.
        await admin.deleteTopics({ topics: [topic] }).catch(() => undefined)
        throw error
      })
    await admin.deleteTopics({ topics: [topic] })
    return true
  })
}

async function settled({ node, port }: BrokerPlace, process: JavaProcess, check: (admin: Admin) => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + READY_MS
  const client = new Kafka({ brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING, retry: { retries: 0 }, connectionTimeout: 500 })
  for (;;) {
    const admin = client.admin()
    let why: unknown
    try {
      await admin.connect()
      if (await check(admin)) return
    } catch (error) {
      why = error
    } finally {
      await admin.disconnect().catch(() => undefined)
    }
    if (!running(process)) throw new Error(`broker ${node} ended while it started:\n${tail(process)}`)
    if (Date.now() > deadline) throw new Error(`broker ${node} was not ready within ${READY_MS} ms:\n${tail(process)}`, { cause: why })
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function tail({ log }: JavaProcess): string {
  return readFileSync(log, 'utf8').slice(-4000)
}
