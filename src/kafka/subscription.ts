/**
 * What members tell each other: the consumer protocol's subscription and assignment (version 3), which Kafka's own tools read, with our user data
 * inside. User data from other members is not trusted: every length is checked, and an unknown format is answered with "nothing known".
 */
import type { TaskId } from '../model/task-id.ts'
import type { TopicPartition } from '../model/topic.ts'
import { concatBytes } from '../base/bytes.ts'
import { Reader, Writer } from '../wire/primitives.ts'

const VERSION = 3
const FORMAT = 1
const RUNNING = -1
/** Among the tags of a member: it asks for the end of the application. Where an assignment says what is wrong: one has. */
const STOP = 'stop-application'
const STOPPED = 1
/** In the order of their numbers on the wire: add at the end. */
const CAUSES = ['member-joined', 'member-left', 'heartbeat-missed', 'rejoined', 'max-poll'] as const

/** What a member says of itself when it joins. */
export interface MemberInfo {
  /** 16 bytes that stay with a process. */
  readonly processId: Uint8Array
  /** Of sub-topology ids, sources, internal topics and stores: members must agree. */
  readonly topologyHash: number
  readonly endpoint: string
  /** By task: −1 it runs here, −2 unknown, else the sum of its changelogs' offsets that are here. */
  readonly lags: ReadonlyMap<TaskId, number>
  /** True: it asks for the end of the whole application. */
  readonly stops?: boolean
}

/** A member as the leader sees it. */
export interface MemberState extends MemberInfo {
  readonly memberId: string
  readonly instanceId: string | null
  readonly topics: readonly string[]
}

/** Why a group made another plan. */
export type RebalanceCause = (typeof CAUSES)[number]

/** What a plan changes in the whole group. */
export interface PlanChange {
  readonly cause: RebalanceCause
  /** Tasks that have another owner than before. */
  readonly movedTasks: number
  readonly totalTasks: number
}

/** A member's tasks. */
export interface TaskPlan {
  readonly active: readonly TaskId[]
  readonly standby: readonly TaskId[]
  /** Left out by a leader that doesn't say. */
  readonly change?: PlanChange
  /** True: a member has asked for the end of the whole application. */
  readonly stops?: boolean
}

/** A plan with the partitions it means, for tools. */
export interface PlannedMember extends TaskPlan {
  readonly partitions: readonly TopicPartition[]
}

/** The bytes a member joins with. */
export function encodeSubscription(topics: readonly string[], info: MemberInfo): Uint8Array {
  const user = new Writer()
  user.int8(FORMAT)
  user.int8(FORMAT)
  for (const byte of info.processId) user.int8(byte)
  user.int32(info.topologyHash)
  user.string(info.endpoint)
  user.array(info.stops === true ? [STOP] : [], (tag) => {
    user.string(tag)
    user.string('')
  })
  user.array([...info.lags], ([task, lag]) => {
    writeTask(user, task)
    user.int64(lag)
  })
  const writer = new Writer()
  writer.int16(VERSION)
  writer.longArray(topics, (topic) => writer.shortString(topic))
  writer.longBytes(whole(user))
  writer.longArray([], () => undefined)
  writer.int32(-1)
  writer.int16(-1)
  return whole(writer)
}

/** What a member's bytes say; undefined where they can't be read. */
export function decodeSubscription(bytes: Uint8Array): { readonly topics: readonly string[]; readonly info: MemberInfo } | undefined {
  try {
    const reader = new Reader(bytes)
    reader.int16()
    const topics = (reader.longArray((item) => item.shortString()) ?? []).map((topic) => topic ?? '')
    const user = new Reader(reader.longBytes() ?? new Uint8Array(0))
    if (user.int8() !== FORMAT) return undefined
    user.int8()
    const processId = Uint8Array.from({ length: 16 }, () => user.int8())
    const topologyHash = user.int32()
    const endpoint = user.string()
    const tags = user.array((item) => [item.string(), item.string()])
    const stops = tags.some(([tag]) => tag === STOP) ? { stops: true } : {}
    const lags = new Map(user.array((item) => [readTask(item), item.int64()] as const))
    return { topics, info: { processId, topologyHash, endpoint, lags, ...stops } }
  } catch {
    return undefined
  }
}

/** The bytes of a member's assignment. */
export function encodeAssignment(plan: PlannedMember): Uint8Array {
  const user = new Writer()
  user.int8(FORMAT)
  user.int8(FORMAT)
  user.int8(plan.stops === true ? STOPPED : 0)
  user.int64(-1)
  for (const tasks of [plan.active, plan.standby]) user.array(tasks, (task) => writeTask(user, task))
  user.array([], () => undefined)
  if (plan.change !== undefined) {
    user.int8(CAUSES.indexOf(plan.change.cause))
    user.uvarint(plan.change.movedTasks)
    user.uvarint(plan.change.totalTasks)
  }
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of plan.partitions) topics.set(topic, [...(topics.get(topic) ?? []), partition])
  const writer = new Writer()
  writer.int16(VERSION)
  writer.longArray([...topics], ([topic, partitions]) => {
    writer.shortString(topic)
    writer.longArray(partitions, (partition) => writer.int32(partition))
  })
  writer.longBytes(whole(user))
  return whole(writer)
}

/** The tasks of an assignment; none where it can't be read. */
export function decodeAssignment(bytes: Uint8Array): TaskPlan {
  const none: TaskPlan = { active: [], standby: [] }
  if (bytes.length === 0) return none
  try {
    const reader = new Reader(bytes)
    reader.int16()
    reader.longArray((item) => [item.shortString(), item.longArray((partition) => partition.int32())])
    const user = new Reader(reader.longBytes() ?? new Uint8Array(0))
    if (user.int8() !== FORMAT) return none
    user.int8()
    const stops = user.int8() === STOPPED ? { stops: true } : {}
    user.int64()
    const plan = { ...stops, active: user.array((item) => readTask(item)), standby: user.array((item) => readTask(item)) }
    const change = readChange(user)
    return change === undefined ? plan : { ...plan, change }
  } catch {
    return none
  }
}

/** The tasks that a member runs now. */
export function runningTasks({ lags }: MemberInfo): readonly TaskId[] {
  return [...lags].filter(([, lag]) => lag === RUNNING).map(([task]) => task)
}

function writeTask(writer: Writer, task: TaskId): void {
  const [subtopology = 0, partition = 0] = task.split('_').map(Number)
  writer.int16(subtopology)
  writer.int32(partition)
}

/** What stands behind the tasks: an empty list of peers, then the change. Nothing where a leader writes something else there. */
function readChange(reader: Reader): PlanChange | undefined {
  if (reader.left < 4 || reader.uvarint() !== 1) return undefined
  const cause = CAUSES[reader.int8()]
  return cause === undefined ? undefined : { cause, movedTasks: reader.uvarint(), totalTasks: reader.uvarint() }
}

function readTask(reader: Reader): TaskId {
  const subtopology = reader.int16()
  return `${subtopology}_${reader.int32()}`
}

function whole(writer: Writer): Uint8Array {
  return concatBytes(...writer.finish())
}
