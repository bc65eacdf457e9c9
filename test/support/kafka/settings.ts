/** The settings of a test's brokers: small, quick to elect and to clean up, on the loopback. KRaft, or ZooKeeper for versions that know nothing else. */
import { join } from 'node:path'
import type { KafkaOptions, KafkaVersion } from './start-kafka.ts'

/** Where a broker listens and keeps its data. */
export interface BrokerPlace {
  /** From 1. */
  readonly node: number
  readonly port: number
  /** Of the controller's listener. */
  readonly controllerPort: number
  readonly folder: string
  /** Ports of further listeners, by name. */
  readonly listeners: ReadonlyMap<string, number>
}

/** True: the version runs on ZooKeeper. */
export function onZooKeeper(version: KafkaVersion): boolean {
  return version === '2.8.2'
}

/** `server.properties` of one of these brokers. `zookeeper` is the port of ZooKeeper, for versions that need it. */
export function brokerSettings(
  broker: BrokerPlace,
  all: readonly BrokerPlace[],
  options: KafkaOptions,
  zookeeper?: number,
): Record<string, string> {
  const replicas = String(all.length)
  const minIsr = all.length === 3 ? '2' : '1'
  const listeners = [`PLAINTEXT://127.0.0.1:${broker.port}`, ...[...broker.listeners].map(([name, port]) => `${name}://127.0.0.1:${port}`)]
  const protocols = Object.entries(options.listeners ?? {}).map(([name, protocol]) => `,${name}:${protocol}`)
  return {
    ...(zookeeper === undefined ? kraft(broker, all, listeners) : { ...zooKeeper(broker, zookeeper), listeners: listeners.join(',') }),
    'advertised.listeners': listeners.join(','),
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': `CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT${protocols.join('')}`,
    'log.dirs': join(broker.folder, 'data'),
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': minIsr,
    'transaction.state.log.num.partitions': '1',
    'default.replication.factor': replicas,
    'min.insync.replicas': minIsr,
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '100',
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
    'log.cleaner.dedupe.buffer.size': '2097152',
    'log.cleaner.backoff.ms': '500',
    'controlled.shutdown.enable': 'false',
    ...options.properties,
  }
}

function kraft(broker: BrokerPlace, all: readonly BrokerPlace[], listeners: readonly string[]): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': String(broker.node),
    'controller.quorum.voters': all.map(({ node, controllerPort }) => `${node}@127.0.0.1:${controllerPort}`).join(','),
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${broker.controllerPort}`].join(','),
    'controller.listener.names': 'CONTROLLER',
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
  }
}

function zooKeeper(broker: BrokerPlace, port: number): Record<string, string> {
  return { 'broker.id': String(broker.node), 'zookeeper.connect': `127.0.0.1:${port}`, 'zookeeper.session.timeout.ms': '3000' }
}
