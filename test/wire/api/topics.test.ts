import * as fc from 'fast-check'
import { CREATE_PARTITIONS, CREATE_TOPICS, DELETE_RECORDS, DELETE_TOPICS, DESCRIBE_CONFIGS } from '../../../src/wire/api/topics.ts'
import { checkApi, few, int16, int32, int64, text, topicsOf } from './check-api.ts'

interface Named {
  Name: string
  ErrorCode: number
  ErrorMessage: string | null
}

const named = ({ Name, ErrorCode, ErrorMessage }: Named) => ({ name: Name, errorCode: ErrorCode, errorMessage: ErrorMessage })

checkApi(CREATE_TOPICS, {
  request: fc.record({
    topics: few(fc.record({ name: text, partitions: int32, replicationFactor: int16, configs: fc.dictionary(text, text, { maxKeys: 3 }) })),
    timeoutMs: int32,
  }),
  asked: ({ topics, timeoutMs }) => ({
    Topics: topics.map(({ name, partitions, replicationFactor, configs }) => ({
      Name: name,
      NumPartitions: partitions,
      ReplicationFactor: replicationFactor,
      Configs: Object.entries(configs).map(([key, value]) => ({ Name: key, Value: value })),
    })),
    timeoutMs,
  }),
  answered: ({ ThrottleTimeMs, Topics }: { ThrottleTimeMs: number; Topics: Named[] }) => ({
    throttleTimeMs: ThrottleTimeMs,
    topics: Topics.map(named),
  }),
})

checkApi(DELETE_TOPICS, {
  request: fc.record({ topics: few(text), timeoutMs: int32 }),
  asked: ({ topics, timeoutMs }) => ({ TopicNames: topics, TimeoutMs: timeoutMs }),
  answered: ({ ThrottleTimeMs, Responses }: { ThrottleTimeMs: number; Responses: Named[] }) => ({
    throttleTimeMs: ThrottleTimeMs,
    topics: Responses.map(({ Name, ErrorCode }) => ({ name: Name, errorCode: ErrorCode })),
  }),
})

interface RecordsDeleted {
  ThrottleTimeMs: number
  Topics: { Name: string; Partitions: { PartitionIndex: number; LowWatermark: number; ErrorCode: number }[] }[]
}

checkApi(DELETE_RECORDS, {
  request: fc.record({ topics: topicsOf(fc.record({ partition: int32, offset: int64 })), timeoutMs: int32 }),
  asked: ({ topics, timeoutMs }) => ({
    Topics: topics.map(({ topic, partitions }) => ({
      Name: topic,
      Partitions: partitions.map(({ partition, offset }) => ({ PartitionIndex: partition, Offset: offset })),
    })),
    TimeoutMs: timeoutMs,
  }),
  answered: ({ ThrottleTimeMs, Topics }: RecordsDeleted) => ({
    throttleTimeMs: ThrottleTimeMs,
    topics: Topics.map(({ Name, Partitions }) => ({
      topic: Name,
      partitions: Partitions.map((found) => ({
        partition: found.PartitionIndex,
        lowWatermark: found.LowWatermark,
        errorCode: found.ErrorCode,
      })),
    })),
  }),
})

interface Described {
  ThrottleTimeMs: number
  Results: { ErrorCode: number; ResourceName: string; Configs: { Name: string; Value: string | null }[] }[]
}

checkApi(DESCRIBE_CONFIGS, {
  request: fc.record({ topics: few(text) }),
  asked: ({ topics }) => ({ Resources: topics.map((topic) => ({ ResourceType: 2, ResourceName: topic, ConfigurationKeys: null })) }),
  answered: ({ ThrottleTimeMs, Results }: Described) => ({
    throttleTimeMs: ThrottleTimeMs,
    topics: Results.map(({ ErrorCode, ResourceName, Configs }) => ({
      name: ResourceName,
      errorCode: ErrorCode,
      configs: Object.fromEntries(Configs.filter(({ Value }) => Value !== null).map(({ Name, Value }) => [Name, Value!])),
    })),
  }),
})

checkApi(CREATE_PARTITIONS, {
  request: fc.record({ topics: few(fc.record({ name: text, count: int32 })), timeoutMs: int32 }),
  asked: ({ topics, timeoutMs }) => ({
    Topics: topics.map(({ name, count }) => ({ Name: name, Count: count, Assignments: null })),
    TimeoutMs: timeoutMs,
  }),
  answered: ({ ThrottleTimeMs, Results }: { ThrottleTimeMs: number; Results: Named[] }) => ({
    throttleTimeMs: ThrottleTimeMs,
    topics: Results.map(named),
  }),
})
