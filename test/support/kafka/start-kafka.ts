/**
 * A real Kafka for tests: brokers as plain Java processes on free ports of the loopback, from Kafka's own jars, ready in some four seconds. They end
 * with the process that started them.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kafkaClassPath, run } from './jars.ts'

/** How a Kafka is started. */
export interface KafkaOptions {
  /** One, or three with replication 3 and min ISR 2. */
  readonly brokers?: 1 | 3
  readonly version?: string
  /** Further broker settings. */
  readonly properties?: Readonly<Record<string, string>>
  /** Further listeners of a single broker: the security protocol by name. `RunningKafka.listener` says where they are. */
  readonly listeners?: Readonly<Record<string, string>>
  /** Users made before the start: `SCRAM-SHA-256=[name=alice,password=secret]`. */
  readonly scram?: readonly string[]
  /** A fixed port of the first broker. */
  readonly port?: number
  /** True: the JIT compiles as in production; for measurements. */
  readonly fast?: boolean
}

/** A Kafka that runs. */
export interface RunningKafka {
  /** `host:port` of each broker. */
  readonly brokers: readonly string[]
  /** `host:port` of a further listener. */
  listener(name: string): string
  /** Process ids by node, from 1. */
  pid(node: number): number
  /** kill -9 of a broker. */
  kill(node: number): Promise<void>
  /** Starts a killed broker again in its folder; settles when it answers. */
  restart(node: number): Promise<void>
  /** Runs one of Kafka's tools to its end; answers what it wrote. */
  tool(mainClass: string, args: readonly string[], input?: string): Promise<string>
  /** The jars, for programs of one's own. */
  readonly classPath: string
  close(): Promise<void>
}

const CLUSTER_ID = '4L6g3nShT-eMCtK--X86sw'
const READY_MS = 60_000

const open = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of open) child.kill('SIGKILL')
})

interface Broker {
  readonly node: number
  readonly port: number
  readonly controllerPort: number
  readonly folder: string
  /** Ports of further listeners, by name. */
  readonly listeners: ReadonlyMap<string, number>
  child: ChildProcess | undefined
}

/** Starts brokers and waits until they can make topics. */
export async function startKafka(options: KafkaOptions = {}): Promise<RunningKafka> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(options)
    } catch (error) {
      // Somebody else may have taken a port since it was found free.
      if (attempt === 3 || !String(error).includes('Address already in use')) throw error
    }
  }
}

async function start(options: KafkaOptions): Promise<RunningKafka> {
  const { brokers: count = 1, version = '4.3.1' } = options
  const classPath = await kafkaClassPath(version)
  const root = mkdtempSync(join(tmpdir(), 'millrace-kafka-'))
  const further = Object.keys(options.listeners ?? {})
  const ports = await freePorts(2 * count + further.length)
  if (options.port !== undefined) ports[0] = options.port
  const brokers = Array.from({ length: count }, (_, i): Broker => ({
    node: i + 1,
    port: ports[2 * i]!,
    controllerPort: ports[2 * i + 1]!,
    folder: join(root, String(i + 1)),
    listeners: new Map(further.map((name, at) => [name, ports[2 * count + at]!])),
    child: undefined,
  }))
  for (const broker of brokers) await format(broker, brokers, { classPath, options })
  for (const broker of brokers) launch(broker, classPath, options)
  const addresses = brokers.map(({ port }) => `127.0.0.1:${port}`)
  const tool = (mainClass: string, args: readonly string[], input?: string): Promise<string> =>
    run(
      'java',
      ['-XX:TieredStopAtLevel=1', '-Xmx256m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-cp', classPath, mainClass, ...args],
      input,
    )
  const close = async (): Promise<void> => {
    await Promise.all(brokers.map((broker) => end(broker, 'SIGKILL')))
    rmSync(root, { recursive: true, force: true })
  }
  try {
    for (const broker of brokers) await ready(broker)
  } catch (error) {
    await close()
    throw error
  }
  return {
    brokers: addresses,
    classPath,
    listener: (name) => `127.0.0.1:${brokers[0]!.listeners.get(name)}`,
    pid: (node) => brokers[node - 1]!.child!.pid!,
    kill: (node) => end(brokers[node - 1]!, 'SIGKILL'),
    restart: async (node) => {
      launch(brokers[node - 1]!, classPath, options)
      await ready(brokers[node - 1]!)
    },
    tool,
    close,
  }
}

async function format(
  broker: Broker,
  all: readonly Broker[],
  { classPath, options }: { classPath: string; options: KafkaOptions },
): Promise<void> {
  mkdirSync(broker.folder, { recursive: true })
  const file = join(broker.folder, 'server.properties')
  const replicas = String(all.length)
  const listeners = [`PLAINTEXT://127.0.0.1:${broker.port}`, ...[...broker.listeners].map(([name, port]) => `${name}://127.0.0.1:${port}`)]
  const protocols = Object.entries(options.listeners ?? {}).map(([name, protocol]) => `,${name}:${protocol}`)
  const settings: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': String(broker.node),
    'controller.quorum.voters': all.map(({ node, controllerPort }) => `${node}@127.0.0.1:${controllerPort}`).join(','),
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${broker.controllerPort}`].join(','),
    'advertised.listeners': listeners.join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': `CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT${protocols.join('')}`,
    'log.dirs': join(broker.folder, 'data'),
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': all.length === 3 ? '2' : '1',
    'transaction.state.log.num.partitions': '1',
    'default.replication.factor': replicas,
    'min.insync.replicas': all.length === 3 ? '2' : '1',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '100',
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
    'log.cleaner.dedupe.buffer.size': '2097152',
    'log.cleaner.backoff.ms': '500',
    'controlled.shutdown.enable': 'false',
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    ...options.properties,
  }
  writeFileSync(
    file,
    Object.entries(settings)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  )
  await run('java', [
    '-Xmx128m',
    '-XX:TieredStopAtLevel=1',
    '-cp',
    classPath,
    'kafka.tools.StorageTool',
    'format',
    '-t',
    CLUSTER_ID,
    '-c',
    file,
    ...(options.scram ?? []).flatMap((user) => ['--add-scram', user]),
  ])
}

function launch(broker: Broker, classPath: string, { fast = false }: KafkaOptions): void {
  const log = openSync(join(broker.folder, 'broker.log'), 'a')
  const child = spawn(
    'java',
    [
      ...(fast ? ['-Xmx1g'] : ['-XX:TieredStopAtLevel=1', '-Xms192m', '-Xmx384m']),
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
      '-cp',
      classPath,
      'kafka.Kafka',
      join(broker.folder, 'server.properties'),
    ],
    { stdio: ['ignore', log, log] },
  )
  closeSync(log)
  open.add(child)
  child.on('exit', () => open.delete(child))
  broker.child = child
}

/** Waits until a broker takes connections and answers for its metadata. */
async function ready(broker: Broker): Promise<void> {
  const { Kafka, logLevel } = await import('kafkajs')
  const deadline = Date.now() + READY_MS
  for (;;) {
    if (broker.child?.exitCode !== null) {
      const log = readFileSync(join(broker.folder, 'broker.log'), 'utf8').slice(-4000)
      throw new Error(`broker ${broker.node} ended with ${broker.child?.exitCode ?? 'nothing'} while it started:\n${log}`)
    }
    const admin = new Kafka({
      brokers: [`127.0.0.1:${broker.port}`],
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 },
      connectionTimeout: 500,
    }).admin()
    try {
      await admin.connect()
      const { brokers } = await admin.describeCluster()
      if (brokers.some(({ port }) => port === broker.port)) return
    } catch {
      if (Date.now() > deadline) throw new Error(`broker ${broker.node} was not ready within ${READY_MS} ms`)
    } finally {
      await admin.disconnect().catch(() => undefined)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function end(broker: Broker, signal: NodeJS.Signals): Promise<void> {
  const { child } = broker
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill(signal)
  })
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer().listen(0, '127.0.0.1', () => resolve(server))
        }),
    ),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
