/** CreateTopics (19), DeleteTopics (20), DeleteRecords (21), DescribeConfigs (32), CreatePartitions (37). */
import { api, type Api, type TopicOf } from './api.ts'

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
export interface CreateTopicsResponse {
  readonly topics: readonly { readonly name: string; readonly errorCode: number; readonly errorMessage: string | null }[]
}

/** CreateTopics. */
export const CREATE_TOPICS: Api<CreateTopicsRequest, CreateTopicsResponse> = api(19, 'CreateTopics', [5, 7])

/** Topics to delete. */
export interface DeleteTopicsRequest {
  readonly topics: readonly string[]
  readonly timeoutMs: number
}

/** What became of each. */
export interface DeleteTopicsResponse {
  readonly topics: readonly { readonly name: string; readonly errorCode: number }[]
}

/** DeleteTopics. */
export const DELETE_TOPICS: Api<DeleteTopicsRequest, DeleteTopicsResponse> = api(20, 'DeleteTopics', [4, 5])

/** Records to delete: all below an offset; −1: all there are. */
export interface DeleteRecordsRequest {
  readonly topics: readonly TopicOf<{ readonly partition: number; readonly offset: number }>[]
  readonly timeoutMs: number
}

/** The new starts of the logs. */
export interface DeleteRecordsResponse {
  readonly topics: readonly TopicOf<{ readonly partition: number; readonly lowWatermark: number; readonly errorCode: number }>[]
}

/** DeleteRecords. */
export const DELETE_RECORDS: Api<DeleteRecordsRequest, DeleteRecordsResponse> = api(21, 'DeleteRecords', [2, 2])

/** Asks for topics' configs. */
export interface DescribeConfigsRequest {
  readonly topics: readonly string[]
}

/** Each topic's configs. */
export interface DescribeConfigsResponse {
  readonly topics: readonly { readonly name: string; readonly errorCode: number; readonly configs: Readonly<Record<string, string>> }[]
}

/** DescribeConfigs. */
export const DESCRIBE_CONFIGS: Api<DescribeConfigsRequest, DescribeConfigsResponse> = api(32, 'DescribeConfigs', [4, 4])

/** Topics that get more partitions: how many they shall have. */
export interface CreatePartitionsRequest {
  readonly topics: readonly { readonly name: string; readonly count: number }[]
  readonly timeoutMs: number
}

/** What became of each. */
export interface CreatePartitionsResponse {
  readonly topics: readonly { readonly name: string; readonly errorCode: number; readonly errorMessage: string | null }[]
}

/** CreatePartitions. */
export const CREATE_PARTITIONS: Api<CreatePartitionsRequest, CreatePartitionsResponse> = api(37, 'CreatePartitions', [3, 3])
