/** Metadata (3): brokers, topics, partitions and their leaders. */
import { api, type Api } from './api.ts'

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
  readonly topicId: string
  readonly internal: boolean
  readonly partitions: readonly PartitionMetadata[]
}

/** The cluster as one broker sees it. */
export interface MetadataResponse {
  readonly brokers: readonly BrokerAddress[]
  readonly controllerId: number
  readonly topics: readonly TopicMetadata[]
}

/** Metadata. */
export const METADATA: Api<MetadataRequest, MetadataResponse> = api(3, 'Metadata', [9, 12])
