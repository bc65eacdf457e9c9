import * as fc from 'fast-check'
import { METADATA } from '../../../src/wire/api/metadata.ts'
import { checkApi, few, text } from './check-api.ts'

interface Answered {
  ThrottleTimeMs: number
  Brokers: { NodeId: number; Host: string; Port: number }[]
  ControllerId: number
  Topics: {
    ErrorCode: number
    Name: string | null
    TopicId?: string
    IsInternal: boolean
    Partitions: { ErrorCode: number; PartitionIndex: number; LeaderId: number; LeaderEpoch: number }[]
  }[]
}

checkApi(METADATA, {
  request: fc.record({ topics: fc.option(few(text)), allowAutoTopicCreation: fc.boolean() }),
  asked: ({ topics, allowAutoTopicCreation }) => ({
    Topics: topics?.map((topic) => ({ Name: topic })) ?? null,
    AllowAutoTopicCreation: allowAutoTopicCreation,
  }),
  answered: ({ ThrottleTimeMs, Brokers, ControllerId, Topics }: Answered) => ({
    throttleTimeMs: ThrottleTimeMs,
    brokers: Brokers.map(({ NodeId, Host, Port }) => ({ nodeId: NodeId, host: Host, port: Port })),
    controllerId: ControllerId,
    topics: Topics.map(({ ErrorCode, Name, TopicId, IsInternal, Partitions }) => ({
      errorCode: ErrorCode,
      topic: Name ?? '',
      topicId: TopicId ?? '',
      internal: IsInternal,
      partitions: Partitions.map((found) => ({
        errorCode: found.ErrorCode,
        partition: found.PartitionIndex,
        leader: found.LeaderId,
        leaderEpoch: found.LeaderEpoch,
      })),
    })),
  }),
})
