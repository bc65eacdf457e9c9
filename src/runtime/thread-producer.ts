/** The producer of a stream thread, as the configuration says. */
import type { Cluster } from '../kafka/cluster.ts'
import { Producer } from '../kafka/producer.ts'
import type { Config } from './config.ts'
import type { Ports } from './ports.ts'

/** Makes one; `init` it before it is used. */
export function threadProducer(options: {
  readonly config: Config
  readonly cluster: Cluster
  readonly ports: Pick<Ports, 'clock' | 'random'>
}): Producer {
  const { config, cluster, ports } = options
  return new Producer({
    ...ports,
    cluster,
    batchSize: config.batchSize,
    lingerMs: config.lingerMs,
    codec: config.compression,
    bufferBytes: config.producerBufferBytes,
    requestTimeoutMs: config.requestTimeoutMs,
  })
}
