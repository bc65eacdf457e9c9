/** CreateTopics (19), DeleteTopics (20), DeleteRecords (21), DescribeConfigs (32), CreatePartitions (37). */
import type { Reader } from '../primitives.ts'
import { api, readTopics, writeTopics, type Api, type Throttled, type TopicOf } from './api.ts'

/** Topics to create. */
export interface CreateTopicsRequest {
  readonly topics: readonly {
    readonly name: string
    readonly partitions: number
    readonly replicationFactor: number
    readonly configs: Readonly<Record<string, string>>
  }[]
  readonly timeoutMs: number
}

/** What became of each. */
export interface CreateTopicsResponse extends Throttled {
  readonly topics: readonly { readonly name: string; readonly errorCode: number; readonly errorMessage: string | null }[]
}

/** CreateTopics. */
export const CREATE_TOPICS: Api<CreateTopicsRequest, CreateTopicsResponse> = api(19, 'CreateTopics', [5, 7], {
  write(w, { topics, timeoutMs }) {
    w.structs(topics, ({ name, partitions, replicationFactor, configs }) => {
      w.string(name).int32(partitions).int16(replicationFactor)
      w.structs([], () => undefined)
      w.structs(Object.entries(configs), ([key, value]) => {
        w.string(key).string(value)
      })
    })
    w.int32(timeoutMs).bool(false)
  },
  read(r, version) {
    return { throttleTimeMs: r.int32(), topics: r.structs(() => createdTopic(r, version)) }
  },
})

function createdTopic(r: Reader, version: number): CreateTopicsResponse['topics'][number] {
  const name = r.string()
  if (version >= 7) r.uuid()
  const found = { name, errorCode: r.int16(), errorMessage: r.nullableString() }
  // Partitions, replication factor and configs, as they were made.
  r.int32()
  r.int16()
  r.structs(() => {
    r.string()
    r.nullableString()
    r.skip(3)
  })
  return found
}

/** Topics to delete. */
export interface DeleteTopicsRequest {
  readonly topics: readonly string[]
  readonly timeoutMs: number
}

/** What became of each. */
export interface DeleteTopicsResponse extends Throttled {
  readonly topics: readonly { readonly name: string; readonly errorCode: number }[]
}

/** DeleteTopics. */
export const DELETE_TOPICS: Api<DeleteTopicsRequest, DeleteTopicsResponse> = api(20, 'DeleteTopics', [4, 5], {
  write(w, { topics, timeoutMs }) {
    w.array(topics, (topic) => {
      w.string(topic)
    })
    w.int32(timeoutMs)
  },
  read(r, version) {
    const throttleTimeMs = r.int32()
    const topics = r.structs(() => {
      const found = { name: r.string(), errorCode: r.int16() }
      if (version >= 5) r.nullableString()
      return found
    })
    return { throttleTimeMs, topics }
  },
})

/** Records to delete: all below an offset; −1: all there are. */
export interface DeleteRecordsRequest {
  readonly topics: readonly TopicOf<{ readonly partition: number; readonly offset: number }>[]
  readonly timeoutMs: number
}

/** The new starts of the logs. */
export interface DeleteRecordsResponse extends Throttled {
  readonly topics: readonly TopicOf<{ readonly partition: number; readonly lowWatermark: number; readonly errorCode: number }>[]
}

/** DeleteRecords. */
export const DELETE_RECORDS: Api<DeleteRecordsRequest, DeleteRecordsResponse> = api(21, 'DeleteRecords', [2, 2], {
  write(w, { topics, timeoutMs }) {
    writeTopics(w, topics, ({ partition, offset }) => {
      w.int32(partition).int64(offset)
    })
    w.int32(timeoutMs)
  },
  read(r) {
    const throttleTimeMs = r.int32()
    return { throttleTimeMs, topics: readTopics(r, () => ({ partition: r.int32(), lowWatermark: r.int64(), errorCode: r.int16() })) }
  },
})

/** Asks for topics' configs. */
export interface DescribeConfigsRequest {
  readonly topics: readonly string[]
}

/** Each topic's configs; those without a value are left out. */
export interface DescribeConfigsResponse extends Throttled {
  readonly topics: readonly { readonly name: string; readonly errorCode: number; readonly configs: Readonly<Record<string, string>> }[]
}

/** DescribeConfigs. */
export const DESCRIBE_CONFIGS: Api<DescribeConfigsRequest, DescribeConfigsResponse> = api(32, 'DescribeConfigs', [4, 4], {
  write(w, { topics }) {
    w.structs(topics, (topic) => {
      w.int8(TOPIC_RESOURCE)
        .string(topic)
        .array<string>(null, () => undefined)
    })
    w.bool(false).bool(false)
  },
  read(r) {
    return { throttleTimeMs: r.int32(), topics: r.structs(() => describedTopic(r)) }
  },
})

/** A topic, among the things that have configs. */
export const TOPIC_RESOURCE = 2

function describedTopic(r: Reader): DescribeConfigsResponse['topics'][number] {
  const errorCode = r.int16()
  r.nullableString()
  r.int8()
  const name = r.string()
  const configs = r.structs(() => describedConfig(r))
  return { name, errorCode, configs: Object.fromEntries(configs.flatMap(({ key, value }) => (value === null ? [] : [[key, value]]))) }
}

function describedConfig(r: Reader): { readonly key: string; readonly value: string | null } {
  const found = { key: r.string(), value: r.nullableString() }
  // Read-only, where it comes from, sensitive.
  r.skip(3)
  r.structs(() => {
    r.string()
    r.nullableString()
    r.int8()
  })
  r.int8()
  r.nullableString()
  return found
}

/** Topics that get more partitions: how many they shall have. */
export interface CreatePartitionsRequest {
  readonly topics: readonly { readonly name: string; readonly count: number }[]
  readonly timeoutMs: number
}

/** What became of each. */
export interface CreatePartitionsResponse extends Throttled {
  readonly topics: readonly { readonly name: string; readonly errorCode: number; readonly errorMessage: string | null }[]
}

/** CreatePartitions. */
export const CREATE_PARTITIONS: Api<CreatePartitionsRequest, CreatePartitionsResponse> = api(37, 'CreatePartitions', [3, 3], {
  write(w, { topics, timeoutMs }) {
    w.structs(topics, ({ name, count }) => {
      w.string(name)
        .int32(count)
        .array<number>(null, () => undefined)
    })
    w.int32(timeoutMs).bool(false)
  },
  read(r) {
    const throttleTimeMs = r.int32()
    return { throttleTimeMs, topics: r.structs(() => ({ name: r.string(), errorCode: r.int16(), errorMessage: r.nullableString() })) }
  },
})
