/**
 * A real Kafka for tests: brokers as plain Java processes on free ports of the loopback, from Kafka's own jars, ready in some four seconds. They end
 * with the process that started them.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { end, makesTopics, ready, running, startJava, type JavaProcess } from './broker.ts'
import { kafkaClassPath, run } from './jars.ts'
import { keep } from './keeper.ts'
import { brokerSettings, onZooKeeper, type BrokerPlace } from './settings.ts'
import { copyTemplate, randomId, template } from './storage.ts'

/** The versions that tests run on: the newest, an old one of KRaft, an old one of ZooKeeper. */
export type KafkaVersion = '4.3.1' | '3.3.2' | '2.8.2'

/** How a Kafka is started. */
export interface KafkaOptions {
  /** One, or three with replication 3 and min ISR 2. */
  readonly brokers?: 1 | 3
  readonly version?: KafkaVersion
  /** Further broker settings. */
  readonly properties?: Readonly<Record<string, string>>
  /** Further listeners of each broker: the security protocol by name. `RunningKafka.listener` says where they are. */
  readonly listeners?: Readonly<Record<string, string>>
  /** Users made before the start: `SCRAM-SHA-256=[name=alice,password=secret]`. */
  readonly scram?: readonly string[]
  /** Levels of features that differ from the version's: `{ 'transaction.version': 1 }`. */
  readonly features?: Readonly<Record<string, number>>
  /** A fixed port of the first broker. */
  readonly port?: number
  /** True: the JIT compiles as in production, and the heap is large; for measurements. */
  readonly fast?: boolean
  /** The core that brokers are pinned to (Linux); for measurements. */
  readonly core?: number
}

/** A Kafka that runs. */
export interface RunningKafka {
  /** `host:port` of each broker. */
  readonly brokers: readonly string[]
  /** `host:port` of a further listener, of the first broker where none is named. */
  listener(name: string, node?: number): string
  /** Process id by node, from 1. */
  pid(node: number): number
  /** kill -9 of a broker. */
  kill(node: number): Promise<void>
  /** Starts a killed broker again in its folder; settles when it answers. */
  restart(node: number): Promise<void>
  /** Runs one of Kafka's tools to its end; answers what it wrote. */
  tool(mainClass: string, args: readonly string[], input?: string): Promise<string>
  /** The jars, for programs of one's own. */
  readonly classPath: string
  /** Its settings, data and logs, a folder by node. */
  readonly folder: string
  /** Ends the brokers and removes their data. */
  close(): Promise<void>
}

/** Starts brokers and waits until they can make topics. */
export async function startKafka(options: KafkaOptions = {}): Promise<RunningKafka> {
  const classPath = await kafkaClassPath(options.version ?? '4.3.1')
  for (let attempt = 1; ; attempt++) {
    const processes = new Processes(classPath, options)
    try {
      return await start(processes, options)
    } catch (error) {
      await processes.close()
      // Somebody else may have taken a port since it was found free.
      if (attempt === 3 || options.port !== undefined || !/Address already in use/i.test(String(error))) throw error
    }
  }
}

/** All processes of one Kafka, and its folder. */
class Processes {
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-kafka-'))
  readonly classPath: string
  readonly #options: KafkaOptions
  readonly #keeper = keep(this.folder)
  readonly #all = new Set<JavaProcess>()

  constructor(classPath: string, options: KafkaOptions) {
    this.classPath = classPath
    this.#options = options
  }

  start(log: string, program: readonly string[]): JavaProcess {
    const started = startJava(this.classPath, log, program, this.#options)
    this.#all.add(started)
    this.#watch()
    started.child.once('exit', () => {
      this.#all.delete(started)
      this.#watch()
    })
    return started
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map(end))
    await this.#keeper.close()
  }

  #watch(): void {
    this.#keeper.watch([...this.#all].flatMap(({ child }) => child.pid ?? []))
  }
}

async function start(processes: Processes, options: KafkaOptions): Promise<RunningKafka> {
  const { brokers: count = 1, version = '4.3.1' } = options
  const places = await place(count, processes.folder, options)
  const clusterId = onZooKeeper(version) ? undefined : randomId()
  if (clusterId === undefined) writeSettings(places, options, await startZooKeeper(processes))
  else {
    writeSettings(places, options)
    await format(places, processes.classPath, options, clusterId)
  }
  const launch = ({ folder }: BrokerPlace): JavaProcess =>
    processes.start(join(folder, 'broker.log'), ['kafka.Kafka', join(folder, 'server.properties')])
  const brokers = places.map(launch)
  const nodes = places.map(({ node }) => node)
  await Promise.all(places.map((broker, i) => ready(broker, brokers[i]!, { nodes, clusterId })))
  await makesTopics(places[0]!, brokers[0]!, count)
  return {
    brokers: places.map(({ port }) => `127.0.0.1:${port}`),
    classPath: processes.classPath,
    folder: processes.folder,
    listener: (name, node = 1) => {
      const port = places[node - 1]?.listeners.get(name)
      if (port === undefined) throw new Error(`broker ${node} has no listener ${name}`)
      return `127.0.0.1:${port}`
    },
    pid: (node) => brokers[node - 1]!.child.pid!,
    kill: (node) => end(brokers[node - 1]!),
    restart: async (node) => {
      if (running(brokers[node - 1]!)) throw new Error(`broker ${node} runs: kill it first`)
      brokers[node - 1] = launch(places[node - 1]!)
      await ready(places[node - 1]!, brokers[node - 1]!, { nodes: [node], clusterId })
    },
    tool: (mainClass, args, input) => run('java', [...TOOL, '-cp', processes.classPath, mainClass, ...args], input),
    close: () => processes.close(),
  }
}

const TOOL = ['-XX:TieredStopAtLevel=1', '-Xmx256m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']

async function place(count: number, root: string, options: KafkaOptions): Promise<BrokerPlace[]> {
  const names = Object.keys(options.listeners ?? {})
  const ports = await freePorts(count * (2 + names.length))
  if (options.port !== undefined) ports[0] = options.port
  return Array.from({ length: count }, (_, i): BrokerPlace => {
    const [port = 0, controllerPort = 0, ...further] = ports.slice(i * (2 + names.length))
    const listeners = new Map(names.map((name, at) => [name, further[at]!]))
    return { node: i + 1, port, controllerPort, folder: join(root, String(i + 1)), listeners }
  })
}

function writeSettings(places: readonly BrokerPlace[], options: KafkaOptions, zooKeeper?: number): void {
  for (const broker of places) {
    mkdirSync(broker.folder)
    writeProperties(settingsOf(broker), brokerSettings(broker, places, options, zooKeeper))
  }
}

function settingsOf({ folder }: BrokerPlace): string {
  return join(folder, 'server.properties')
}

async function format(places: readonly BrokerPlace[], classPath: string, options: KafkaOptions, clusterId: string): Promise<void> {
  const from = await template(classPath, settingsOf(places[0]!), options)
  for (const { folder, node } of places) copyTemplate(from, join(folder, 'data'), clusterId, node)
}

/** Starts ZooKeeper; answers its port. Brokers wait for it themselves. */
async function startZooKeeper(processes: Processes): Promise<number> {
  const [port = 0] = await freePorts(1)
  const folder = join(processes.folder, 'zookeeper')
  mkdirSync(folder)
  const file = join(folder, 'zookeeper.properties')
  const settings = { dataDir: join(folder, 'data'), clientPort: port, clientPortAddress: '127.0.0.1', 'admin.enableServer': false }
  writeProperties(file, settings)
  processes.start(join(folder, 'zookeeper.log'), ['org.apache.zookeeper.server.quorum.QuorumPeerMain', file])
  return port
}

function writeProperties(file: string, properties: Readonly<Record<string, string | number | boolean>>): void {
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`)
  writeFileSync(file, lines.join(''))
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
