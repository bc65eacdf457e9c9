import * as fc from 'fast-check'
import {
  STREAMS_GROUP_DESCRIBE,
  STREAMS_GROUP_HEARTBEAT,
  type StreamsTopic,
  type SubtopologyTasks,
} from '../../../src/wire/api/streams-group.ts'
import { checkApi, few, int16, int32, int64, maybeText, text } from './check-api.ts'

interface Tasks {
  SubtopologyId: string
  Partitions: number[]
}

interface OfEndpoint {
  UserEndpoint: { Host: string; Port: number }
  ActivePartitions: { Topic: string; Partitions: number[] }[]
  StandbyPartitions: { Topic: string; Partitions: number[] }[]
}

interface Beat {
  ThrottleTimeMs: number
  ErrorCode: number
  ErrorMessage: string | null
  MemberId: string
  MemberEpoch: number
  HeartbeatIntervalMs: number
  AcceptableRecoveryLag: number
  TaskOffsetIntervalMs: number
  Status: { StatusCode: number; StatusDetail: string }[] | null
  ActiveTasks: Tasks[] | null
  StandbyTasks: Tasks[] | null
  WarmupTasks: Tasks[] | null
  EndpointInformationEpoch: number
  PartitionsByUserEndpoint: OfEndpoint[] | null
}

const pairs = fc.dictionary(text, text, { maxKeys: 3 })
const tasks = fc.option(few(fc.record({ subtopologyId: text, partitions: few(int32) })))
const topics = few(fc.record({ name: text, partitions: int32, replicationFactor: int16, configs: pairs }))
const offsets = fc.option(few(fc.record({ subtopologyId: text, partition: int32, offset: int64 })))
const places = few(int16)
const subtopology = fc.record({
  subtopologyId: text,
  sourceTopics: few(text),
  sourceTopicRegex: few(text),
  stateChangelogTopics: topics,
  repartitionSinkTopics: few(text),
  repartitionSourceTopics: topics,
  copartitionGroups: few(fc.record({ sourceTopics: places, sourceTopicRegex: places, repartitionSourceTopics: places })),
})

const asPairs = (record: Readonly<Record<string, string>>) => Object.entries(record).map(([Key, Value]) => ({ Key, Value }))
const asTasks = (list: readonly SubtopologyTasks[] | null) =>
  list?.map(({ subtopologyId, partitions }) => ({ SubtopologyId: subtopologyId, Partitions: partitions })) ?? null
const asTopics = (list: readonly StreamsTopic[]) =>
  list.map(({ name, partitions, replicationFactor, configs }) => ({
    Name: name,
    Partitions: partitions,
    ReplicationFactor: replicationFactor,
    TopicConfigs: asPairs(configs),
  }))
const ofTasks = (list: readonly Tasks[] | null) =>
  list?.map(({ SubtopologyId, Partitions }) => ({ subtopologyId: SubtopologyId, partitions: Partitions })) ?? null
const ofTopics = (list: OfEndpoint['ActivePartitions']) => list.map(({ Topic, Partitions }) => ({ topic: Topic, partitions: Partitions }))
const asOffsets = (list: readonly { subtopologyId: string; partition: number; offset: number }[] | null) =>
  list?.map((each) => ({ SubtopologyId: each.subtopologyId, Partition: each.partition, Offset: each.offset })) ?? null

checkApi(STREAMS_GROUP_HEARTBEAT, {
  request: fc.record({
    groupId: text,
    memberId: text,
    memberEpoch: int32,
    endpointInformationEpoch: int32,
    instanceId: maybeText,
    rackId: maybeText,
    rebalanceTimeoutMs: int32,
    topology: fc.option(fc.record({ epoch: int32, subtopologies: few(subtopology) })),
    activeTasks: tasks,
    standbyTasks: tasks,
    warmupTasks: tasks,
    processId: maybeText,
    userEndpoint: fc.option(fc.record({ host: text, port: fc.nat(65_535) })),
    clientTags: fc.option(pairs),
    taskOffsets: offsets,
    taskEndOffsets: offsets,
    shutdownApplication: fc.boolean(),
  }),
  asked: (beat) => ({
    GroupId: beat.groupId,
    MemberId: beat.memberId,
    MemberEpoch: beat.memberEpoch,
    EndpointInformationEpoch: beat.endpointInformationEpoch,
    InstanceId: beat.instanceId,
    RackId: beat.rackId,
    RebalanceTimeoutMs: beat.rebalanceTimeoutMs,
    Topology:
      beat.topology === null
        ? null
        : {
            Epoch: beat.topology.epoch,
            Subtopologies: beat.topology.subtopologies.map((part) => ({
              SubtopologyId: part.subtopologyId,
              SourceTopics: part.sourceTopics,
              SourceTopicRegex: part.sourceTopicRegex,
              StateChangelogTopics: asTopics(part.stateChangelogTopics),
              RepartitionSinkTopics: part.repartitionSinkTopics,
              RepartitionSourceTopics: asTopics(part.repartitionSourceTopics),
              CopartitionGroups: part.copartitionGroups.map((group) => ({
                SourceTopics: group.sourceTopics,
                SourceTopicRegex: group.sourceTopicRegex,
                RepartitionSourceTopics: group.repartitionSourceTopics,
              })),
            })),
          },
    ActiveTasks: asTasks(beat.activeTasks),
    StandbyTasks: asTasks(beat.standbyTasks),
    WarmupTasks: asTasks(beat.warmupTasks),
    ProcessId: beat.processId,
    UserEndpoint: beat.userEndpoint === null ? null : { Host: beat.userEndpoint.host, Port: beat.userEndpoint.port },
    ClientTags: beat.clientTags === null ? null : asPairs(beat.clientTags),
    TaskOffsets: asOffsets(beat.taskOffsets),
    TaskEndOffsets: asOffsets(beat.taskEndOffsets),
    ShutdownApplication: beat.shutdownApplication,
  }),
  answered: (found: Beat) => ({
    throttleTimeMs: found.ThrottleTimeMs,
    errorCode: found.ErrorCode,
    errorMessage: found.ErrorMessage,
    memberId: found.MemberId,
    memberEpoch: found.MemberEpoch,
    heartbeatIntervalMs: found.HeartbeatIntervalMs,
    acceptableRecoveryLag: found.AcceptableRecoveryLag,
    taskOffsetIntervalMs: found.TaskOffsetIntervalMs,
    status: found.Status?.map(({ StatusCode, StatusDetail }) => ({ statusCode: StatusCode, statusDetail: StatusDetail })) ?? null,
    activeTasks: ofTasks(found.ActiveTasks),
    standbyTasks: ofTasks(found.StandbyTasks),
    warmupTasks: ofTasks(found.WarmupTasks),
    endpointInformationEpoch: found.EndpointInformationEpoch,
    partitionsByUserEndpoint:
      found.PartitionsByUserEndpoint?.map(({ UserEndpoint, ActivePartitions, StandbyPartitions }) => ({
        userEndpoint: { host: UserEndpoint.Host, port: UserEndpoint.Port },
        activePartitions: ofTopics(ActivePartitions),
        standbyPartitions: ofTopics(StandbyPartitions),
      })) ?? null,
  }),
})

interface Assigned {
  ActiveTasks: Tasks[]
  StandbyTasks: Tasks[]
  WarmupTasks: Tasks[]
}

interface Described {
  ThrottleTimeMs: number
  Groups: {
    ErrorCode: number
    ErrorMessage: string | null
    GroupId: string
    GroupState: string
    GroupEpoch: number
    AssignmentEpoch: number
    Topology: { Subtopologies: unknown } | null
    Members: {
      MemberId: string
      MemberEpoch: number
      InstanceId: string | null
      ClientId: string
      ClientHost: string
      ProcessId: string
      Assignment: Assigned
      TargetAssignment: Assigned
    }[]
  }[]
}

const assignment = ({ ActiveTasks, StandbyTasks, WarmupTasks }: Assigned) => ({
  activeTasks: ofTasks(ActiveTasks)!,
  standbyTasks: ofTasks(StandbyTasks)!,
  warmupTasks: ofTasks(WarmupTasks)!,
})

checkApi(STREAMS_GROUP_DESCRIBE, {
  request: fc.record({ groupIds: few(text) }),
  asked: ({ groupIds }) => ({ GroupIds: groupIds }),
  answered: ({ ThrottleTimeMs, Groups }: Described) => ({
    throttleTimeMs: ThrottleTimeMs,
    groups: Groups.map((group) => ({
      errorCode: group.ErrorCode,
      errorMessage: group.ErrorMessage,
      groupId: group.GroupId,
      state: group.GroupState,
      groupEpoch: group.GroupEpoch,
      assignmentEpoch: group.AssignmentEpoch,
      members: group.Members.map((member) => ({
        memberId: member.MemberId,
        memberEpoch: member.MemberEpoch,
        instanceId: member.InstanceId,
        clientId: member.ClientId,
        clientHost: member.ClientHost,
        processId: member.ProcessId,
        assignment: assignment(member.Assignment),
        targetAssignment: assignment(member.TargetAssignment),
      })),
    })),
  }),
})
