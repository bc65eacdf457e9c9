/** Brokers on the system clock, as the shell has them: `memoryBroker(name)` in this process, `openTopics()` wherever the options or the environment say. */
import { resolveConfig } from './config.ts'
import { defaultClock, defaultRandom } from './defaults.ts'
import { openMemoryBroker, type MemoryBroker } from './memory-broker.ts'
import type { KafkaStreamsOptions } from './options.ts'
import { ClusterTopics, type TopicClient } from './topic-client.ts'

const ports = { clock: defaultClock, random: defaultRandom }

/** The in-process broker of that name, one a process: what an application with `brokers: 'memory:name'` runs on. */
export function memoryBroker(name = ''): MemoryBroker {
  return openMemoryBroker(name, ports)
}

/**
 * Topics to write and read from outside a topology: of the cluster that `brokers` or the variable KAFKA_BROKERS names, else of the in-process broker.
 * Throws a `ConfigError` for options that can't be.
 */
export async function openTopics(options: Pick<KafkaStreamsOptions, 'brokers' | 'security' | 'clientId'> = {}): Promise<TopicClient> {
  const { brokers, security, clientId } = resolveConfig({ applicationId: 'topics', ...options }, globalThis.process?.env ?? {})
  const node = await import('../platform/node.ts')
  node.registerNode()
  if (!('memory' in brokers)) {
    const connection = { brokers: brokers.addresses, clientId: clientId ?? 'millrace-topics', security }
    return new ClusterTopics({ ...ports, transport: await node.openTransport(connection, ports) })
  }
  const broker = openMemoryBroker(brokers.memory, ports)
  const close = async (): Promise<void> => broker.close()
  return {
    createTopic: async (name, how) => broker.createTopic(name, how),
    produce: (topic, records) => broker.produce(topic, records),
    read: (topic, how) => broker.read(topic, how),
    close,
    [Symbol.asyncDispose]: close,
  }
}
