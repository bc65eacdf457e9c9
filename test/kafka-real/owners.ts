/** Programs that take turns with one application id: Kafka Streams on the JVM, or Millrace in this process. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { KafkaStreams, type Topology } from '../../src/index.ts'
import { compiled } from '../support/kafka/jars.ts'
import type { RunningKafka } from '../support/kafka/start-kafka.ts'

/** Who runs the application. */
export type System = 'jvm' | 'millrace'

/** An application that both can run. */
export interface Program {
  readonly applicationId: string
  readonly topology: Topology
  /** The class in `jvm/` that runs it, and what its `main` is told behind bootstrap servers, application id and state directory. */
  readonly java: string
  readonly javaArgs?: readonly string[]
}

/** A program that runs. */
export interface Owner {
  /** Records that it restored before it ran. */
  readonly restored: number
  /** The application, where it runs in this process. */
  readonly app?: KafkaStreams
  /** Ends it cleanly. */
  stop(): Promise<void>
}

/** Starts a program; settles when it runs. */
export function startOwner(
  system: System,
  program: Program,
  place: { readonly kafka: RunningKafka; readonly stateDir: string },
): Promise<Owner> {
  return system === 'jvm' ? startJvm(program, place) : startMillrace(program, place)
}

type Place = Parameters<typeof startOwner>[2]

async function startMillrace({ applicationId, topology }: Program, { kafka, stateDir }: Place): Promise<Owner> {
  let restored = 0
  const app = new KafkaStreams(topology, {
    applicationId,
    brokers: kafka.brokers,
    stateDir,
    commitIntervalMs: 100,
    lingerMs: 5,
    logger: false,
  })
  app.on('rebalance', ({ restoredRecords }) => {
    restored += restoredRecords
  })
  await app.start()
  return {
    restored,
    app,
    stop: async () => {
      const { clean, error } = await app.close()
      if (!clean) throw error
    },
  }
}

async function startJvm({ applicationId, java, javaArgs = [] }: Program, { kafka, stateDir }: Place): Promise<Owner> {
  const classPath = await compiled(join(import.meta.dirname, 'jvm', `${java}.java`), kafka.classPath)
  const flags = ['-XX:TieredStopAtLevel=1', '-Xmx384m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', classPath]
  const args = [...flags, java, kafka.brokers.join(','), applicationId, stateDir, ...javaArgs]
  const child = spawn('java', args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const ended = once(child, 'exit')
  const restored = await runs(child, ended, () => errors)
  return {
    restored,
    stop: async () => {
      child.stdin.end()
      const [code] = await ended
      if (code !== 0) throw new Error(`the JVM's program ended with ${String(code)}: ${errors}`)
    },
  }
}

/** Waits until a JVM's program runs; answers how many records it restored. */
async function runs(child: ChildProcess, ended: Promise<unknown>, errors: () => string): Promise<number> {
  const printed = (async (): Promise<number> => {
    let text = ''
    for await (const chunk of child.stdout!) {
      text += String(chunk)
      const found = /RUNNING RESTORED (\d+)/.exec(text)
      if (found !== null) return Number(found[1])
    }
    return -1
  })()
  const restored = await Promise.race([printed, ended.then(() => -1)])
  if (restored < 0) throw new Error(`the JVM's program ended before it ran: ${errors()}`)
  return restored
}
