/** Streams groups (KIP-1071, Kafka 4.2 and newer): StreamsGroupHeartbeat (88) and StreamsGroupDescribe (89). */
import type { Reader, Writer } from '../primitives.ts'
import { api, type Api, type Throttled, type TopicOf } from './api.ts'

/** Tasks of one part of a topology. */
export interface SubtopologyTasks {
  readonly subtopologyId: string
  readonly partitions: readonly number[]
}

/** Where an instance answers queries. */
export interface StreamsEndpoint {
  readonly host: string
  readonly port: number
}

/** How far a task is. */
export interface StreamsTaskOffset {
  readonly subtopologyId: string
  readonly partition: number
  readonly offset: number
}

/** A topic that the group makes for itself. */
export interface StreamsTopic {
  readonly name: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string>>
}

/** A part of a topology: its topics by role. Copartitioned topics are named by their places in the lists before. */
export interface StreamsSubtopology {
  readonly subtopologyId: string
  readonly sourceTopics: readonly string[]
  readonly sourceTopicRegex: readonly string[]
  readonly stateChangelogTopics: readonly StreamsTopic[]
  readonly repartitionSinkTopics: readonly string[]
  readonly repartitionSourceTopics: readonly StreamsTopic[]
  readonly copartitionGroups: readonly {
    readonly sourceTopics: readonly number[]
    readonly sourceTopicRegex: readonly number[]
    readonly repartitionSourceTopics: readonly number[]
  }[]
}

/** Joins, stays in or leaves a streams group. What is null has not changed. */
export interface StreamsGroupHeartbeatRequest {
  readonly groupId: string
  readonly memberId: string
  readonly memberEpoch: number
  readonly endpointInformationEpoch: number
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly rebalanceTimeoutMs: number
  readonly topology: { readonly epoch: number; readonly subtopologies: readonly StreamsSubtopology[] } | null
  readonly activeTasks: readonly SubtopologyTasks[] | null
  readonly standbyTasks: readonly SubtopologyTasks[] | null
  readonly warmupTasks: readonly SubtopologyTasks[] | null
  readonly processId: string | null
  readonly userEndpoint: StreamsEndpoint | null
  readonly clientTags: Readonly<Record<string, string>> | null
  readonly taskOffsets: readonly StreamsTaskOffset[] | null
  readonly taskEndOffsets: readonly StreamsTaskOffset[] | null
  readonly shutdownApplication: boolean
}

/** What the group wants of the member. What is null has not changed. */
export interface StreamsGroupHeartbeatResponse extends Throttled {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly memberId: string
  readonly memberEpoch: number
  readonly heartbeatIntervalMs: number
  readonly acceptableRecoveryLag: number
  readonly taskOffsetIntervalMs: number
  readonly status: readonly { readonly statusCode: number; readonly statusDetail: string }[] | null
  readonly activeTasks: readonly SubtopologyTasks[] | null
  readonly standbyTasks: readonly SubtopologyTasks[] | null
  readonly warmupTasks: readonly SubtopologyTasks[] | null
  readonly endpointInformationEpoch: number
  readonly partitionsByUserEndpoint:
    | readonly {
        readonly userEndpoint: StreamsEndpoint
        readonly activePartitions: readonly TopicOf<number>[]
        readonly standbyPartitions: readonly TopicOf<number>[]
      }[]
    | null
}

const NULL_STRUCT = -1
const STRUCT = 1

/** StreamsGroupHeartbeat. */
export const STREAMS_GROUP_HEARTBEAT: Api<StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse> = api(
  88,
  'StreamsGroupHeartbeat',
  [0, 0],
  {
    write(w, request) {
      w.string(request.groupId).string(request.memberId).int32(request.memberEpoch).int32(request.endpointInformationEpoch)
      w.string(request.instanceId).string(request.rackId).int32(request.rebalanceTimeoutMs)
      writeStruct(w, request.topology, ({ epoch, subtopologies }) => {
        w.int32(epoch).structs(subtopologies, (subtopology) => writeSubtopology(w, subtopology))
      })
      for (const tasks of [request.activeTasks, request.standbyTasks, request.warmupTasks]) writeTasks(w, tasks)
      w.string(request.processId)
      writeStruct(w, request.userEndpoint, ({ host, port }) => {
        w.string(host).int16(port)
      })
      writePairs(w, request.clientTags)
      for (const offsets of [request.taskOffsets, request.taskEndOffsets]) {
        w.structs(offsets, ({ subtopologyId, partition, offset }) => {
          w.string(subtopologyId).int32(partition).int64(offset)
        })
      }
      w.bool(request.shutdownApplication)
    },
    read(r) {
      const throttleTimeMs = r.int32()
      const about = { errorCode: r.int16(), errorMessage: r.nullableString(), memberId: r.string(), memberEpoch: r.int32() }
      const pace = { heartbeatIntervalMs: r.int32(), acceptableRecoveryLag: r.int32(), taskOffsetIntervalMs: r.int32() }
      const status = nullableStructs(r, () => ({ statusCode: r.int8(), statusDetail: r.string() }))
      const tasks = { activeTasks: readTasks(r), standbyTasks: readTasks(r), warmupTasks: readTasks(r) }
      const endpointInformationEpoch = r.int32()
      const partitionsByUserEndpoint = nullableStructs(r, () => {
        const userEndpoint = { host: r.string(), port: r.uint16() }
        r.tags()
        return { userEndpoint, activePartitions: readPartitions(r), standbyPartitions: readPartitions(r) }
      })
      return { throttleTimeMs, ...about, ...pace, status, ...tasks, endpointInformationEpoch, partitionsByUserEndpoint }
    },
  },
)

function writeSubtopology(w: Writer, subtopology: StreamsSubtopology): void {
  w.string(subtopology.subtopologyId)
  writeNames(w, subtopology.sourceTopics)
  writeNames(w, subtopology.sourceTopicRegex)
  writeStreamsTopics(w, subtopology.stateChangelogTopics)
  writeNames(w, subtopology.repartitionSinkTopics)
  writeStreamsTopics(w, subtopology.repartitionSourceTopics)
  w.structs(subtopology.copartitionGroups, ({ sourceTopics, sourceTopicRegex, repartitionSourceTopics }) => {
    for (const places of [sourceTopics, sourceTopicRegex, repartitionSourceTopics]) {
      w.array(places, (place) => {
        w.int16(place)
      })
    }
  })
}

function writeNames(w: Writer, names: readonly string[]): void {
  w.array(names, (name) => {
    w.string(name)
  })
}

function writeStreamsTopics(w: Writer, topics: readonly StreamsTopic[]): void {
  w.structs(topics, ({ name, partitions, replicationFactor, configs }) => {
    w.string(name).int32(partitions).int16(replicationFactor)
    writePairs(w, configs)
  })
}

function writePairs(w: Writer, pairs: Readonly<Record<string, string>> | null): void {
  w.structs(pairs === null ? null : Object.entries(pairs), ([key, value]) => {
    w.string(key).string(value)
  })
}

function writeTasks(w: Writer, tasks: readonly SubtopologyTasks[] | null): void {
  w.structs(tasks, ({ subtopologyId, partitions }) => {
    w.string(subtopologyId).array(partitions, (partition) => {
      w.int32(partition)
    })
  })
}

function writeStruct<T>(w: Writer, value: T | null, fields: (value: T) => void): void {
  if (value === null) {
    w.int8(NULL_STRUCT)
    return
  }
  w.int8(STRUCT)
  fields(value)
  w.tags()
}

function nullableStructs<T>(r: Reader, item: () => T): T[] | null {
  return r.nullableArray(() => {
    const value = item()
    r.tags()
    return value
  })
}

function readTasks(r: Reader): SubtopologyTasks[] | null {
  return nullableStructs(r, () => ({ subtopologyId: r.string(), partitions: r.array(() => r.int32()) }))
}

function readPartitions(r: Reader): TopicOf<number>[] {
  return r.structs(() => ({ topic: r.string(), partitions: r.array(() => r.int32()) }))
}

/** Asks about streams groups; their coordinator answers. */
export interface StreamsGroupDescribeRequest {
  readonly groupIds: readonly string[]
}

/** What a member has, or is to have. */
export interface StreamsAssignment {
  readonly activeTasks: readonly SubtopologyTasks[]
  readonly standbyTasks: readonly SubtopologyTasks[]
  readonly warmupTasks: readonly SubtopologyTasks[]
}

/** One member of a streams group. */
export interface StreamsGroupMember {
  readonly memberId: string
  readonly memberEpoch: number
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly processId: string
  readonly assignment: StreamsAssignment
  readonly targetAssignment: StreamsAssignment
}

/** One streams group. */
export interface DescribedStreamsGroup {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly groupId: string
  readonly state: string
  readonly groupEpoch: number
  readonly assignmentEpoch: number
  readonly members: readonly StreamsGroupMember[]
}

/** The groups. */
export interface StreamsGroupDescribeResponse extends Throttled {
  readonly groups: readonly DescribedStreamsGroup[]
}

/** StreamsGroupDescribe. */
export const STREAMS_GROUP_DESCRIBE: Api<StreamsGroupDescribeRequest, StreamsGroupDescribeResponse> = api(
  89,
  'StreamsGroupDescribe',
  [0, 0],
  {
    write(w, { groupIds }) {
      writeNames(w, groupIds)
      w.bool(false)
    },
    read(r) {
      return { throttleTimeMs: r.int32(), groups: r.structs(() => describedGroup(r)) }
    },
  },
)

function describedGroup(r: Reader): DescribedStreamsGroup {
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  const group = { groupId: r.string(), state: r.string(), groupEpoch: r.int32(), assignmentEpoch: r.int32() }
  if (r.int8() >= 0) skipTopology(r)
  const members = r.structs(() => streamsMember(r))
  r.int32()
  return { errorCode, errorMessage, ...group, members }
}

function skipTopology(r: Reader): void {
  r.int32()
  r.structs(() => {
    r.string()
    r.array(() => r.string())
    r.array(() => r.string())
    skipTopics(r)
    skipTopics(r)
  })
  r.tags()
}

function skipTopics(r: Reader): void {
  r.structs(() => {
    r.string()
    r.skip(6)
    skipPairs(r)
  })
}

function skipPairs(r: Reader): void {
  r.structs(() => {
    r.string()
    r.string()
  })
}

function streamsMember(r: Reader): StreamsGroupMember {
  const member = { memberId: r.string(), memberEpoch: r.int32(), instanceId: r.nullableString() }
  r.nullableString()
  const client = { clientId: r.string(), clientHost: r.string() }
  r.int32()
  const processId = r.string()
  if (r.int8() >= 0) {
    r.string()
    r.uint16()
    r.tags()
  }
  skipPairs(r)
  for (let list = 0; list < 2; list++) {
    r.structs(() => {
      r.string()
      r.skip(12)
    })
  }
  const assignments = { assignment: streamsAssignment(r), targetAssignment: streamsAssignment(r) }
  r.bool()
  return { ...member, ...client, processId, ...assignments }
}

function streamsAssignment(r: Reader): StreamsAssignment {
  const assignment = { activeTasks: readTasks(r) ?? [], standbyTasks: readTasks(r) ?? [], warmupTasks: readTasks(r) ?? [] }
  r.tags()
  return assignment
}
