/** Metadata (3): brokers, topics, partitions and their leaders. */
import type { Reader } from '../primitives.ts'
import { api, type Api, type Throttled } from './api.ts'

/** Asks for topics by name; null: all of them. */
export interface MetadataRequest {
  readonly topics: readonly string[] | null
  readonly allowAutoTopicCreation: boolean
}

/** A broker's address. */
export interface BrokerAddress {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

/** One partition. */
export interface PartitionMetadata {
  readonly errorCode: number
  readonly partition: number
  readonly leader: number
  readonly leaderEpoch: number
}

/** One topic. */
export interface TopicMetadata {
  readonly errorCode: number
  readonly topic: string
  /** Empty before version 10. */
  readonly topicId: string
  readonly internal: boolean
  readonly partitions: readonly PartitionMetadata[]
}

/** The cluster as one broker sees it. */
export interface MetadataResponse extends Throttled {
  readonly brokers: readonly BrokerAddress[]
  readonly controllerId: number
  readonly topics: readonly TopicMetadata[]
}

/** Metadata. */
export const METADATA: Api<MetadataRequest, MetadataResponse> = api(3, 'Metadata', [9, 12], {
  write(w, { topics, allowAutoTopicCreation }, version) {
    w.structs(topics, (topic) => {
      if (version >= 10) w.uuid(NO_ID)
      w.string(topic)
    })
    w.bool(allowAutoTopicCreation)
    // Nobody asks which operations are allowed, on the cluster or on topics.
    if (version <= 10) w.bool(false)
    w.bool(false)
  },
  read(r, version) {
    const throttleTimeMs = r.int32()
    const brokers = r.structs(() => {
      const broker = { nodeId: r.int32(), host: r.string(), port: r.int32() }
      r.nullableString()
      return broker
    })
    r.nullableString()
    const controllerId = r.int32()
    const topics = r.structs(() => topicMetadata(r, version))
    if (version <= 10) r.int32()
    return { throttleTimeMs, brokers, controllerId, topics }
  },
})

const NO_ID = '0'.repeat(32)

function topicMetadata(r: Reader, version: number): TopicMetadata {
  const errorCode = r.int16()
  const topic = r.nullableString() ?? ''
  const topicId = version >= 10 ? r.uuid() : ''
  const internal = r.bool()
  const partitions = r.structs(() => partitionMetadata(r))
  r.int32()
  return { errorCode, topic, topicId, internal, partitions }
}

function partitionMetadata(r: Reader): PartitionMetadata {
  const found = { errorCode: r.int16(), partition: r.int32(), leader: r.int32(), leaderEpoch: r.int32() }
  // Replicas, those in sync, those that are off line.
  for (let list = 0; list < 3; list++) r.array(() => r.int32())
  return found
}
