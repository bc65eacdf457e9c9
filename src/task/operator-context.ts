/**
 * What an operator may use while it runs: one frozen object a step and task, made at compile time. Store look-ups happen here once, at start;
 * the casts are sound because a spec is the typed handle its store was declared with.
 */
import { ProcessingError } from '../base/errors.ts'
import type { RecordContext } from '../model/record.ts'
import type { TaskId } from '../model/task-id.ts'
import type {
  KeyValueStore,
  PlacedSlots,
  SessionStore,
  Slots,
  StoreName,
  StoreSpec,
  VersionedKeyValueStore,
  VersionedSlots,
  WindowRows,
  WindowSlots,
  WindowStore,
} from '../state/store-spec.ts'
import type { TaskState } from '../state/task-state.ts'
import type { ProcessorNode } from '../topology/node.ts'
import type { Cancellable, DropReason, Emit, NodeName, OperatorContext, Schedule } from '../topology/operator.ts'
import type { Topology } from '../topology/topology.ts'
import { readOnly } from './read-only.ts'
import type { StepTimes } from './step-times.ts'
import type { TaskPorts } from './task-ports.ts'

/** The task behind a context. */
export interface ContextTask {
  readonly id: TaskId
  readonly record: RecordContext
  readonly state: TaskState
  readonly streamTime: number
  commitRequested: boolean
  readonly steps: Pick<StepTimes, 'times' | 'keep' | 'listen'>
  schedule(when: Schedule, f: (timestamp: number) => void | Promise<void>, node: NodeName): Cancellable
  drop(reason: DropReason, node: NodeName): void
}

/** What a context is made of. */
export interface ContextParts {
  readonly node: ProcessorNode
  readonly children: ReadonlyMap<NodeName, Emit<unknown, unknown>>
  readonly shared: Map<object, unknown>
  readonly task: ContextTask
  readonly topology: Topology
  /** The stores that all tasks read. */
  readonly globals: TaskState | undefined
  readonly applicationId: string
  readonly cacheBytes: number
  readonly scanIntervalMs: number
  readonly ports: Pick<TaskPorts, 'now' | 'print' | 'after' | 'pause' | 'random'>
  readonly defer: OperatorContext['defer']
  onClose(f: () => void): void
}

/** The context of one step in one task. */
export function makeContext(parts: ContextParts): OperatorContext {
  const { node, children, task, topology, ports } = parts
  const nameOf = (spec: StoreSpec): StoreName | undefined => {
    const name = topology.storeName(spec)
    return name !== undefined && node.stores.includes(name) ? name : undefined
  }
  const connected = (spec: StoreSpec): StoreName => nameOf(spec) ?? notConnected(node, spec)
  const globalName = (spec: StoreSpec): StoreName | undefined => {
    const name = nameOf(spec) === undefined ? topology.storeName(spec) : undefined
    return name !== undefined && topology.isGlobal(name) ? name : undefined
  }
  return {
    node: node.name,
    taskId: task.id,
    applicationId: parts.applicationId,
    parity: topology.parity,
    cacheBytes: parts.cacheBytes,
    sendsOldValues: node.sendsOldValues,
    record: task.record,
    children,
    hasStore: (spec) => nameOf(spec) !== undefined,
    store: (spec) => {
      const name = globalName(spec)
      return lookUp(name === undefined ? task.state.store(connected(spec)) : readOnly(parts.globals!.store(name), name))
    },
    slots: <K, V>(spec: StoreSpec<KeyValueStore<K, V>>) => lookUp<Slots<K, V>>(task.state.slots(connected(spec))),
    windowSlots: <K, V>(spec: StoreSpec<WindowStore<K, V>>) => lookUp<WindowSlots<K, V>>(task.state.windowSlots(connected(spec))),
    sessionSlots: <K, V>(spec: StoreSpec<SessionStore<K, V>>) => lookUp<PlacedSlots<K, V>>(task.state.sessionSlots(connected(spec))),
    windowRows: <K, V>(spec: StoreSpec<WindowStore<K, V>>) => lookUp<WindowRows<K, V>>(task.state.windowRows(connected(spec))),
    versionedSlots: <K, V>(spec: StoreSpec<VersionedKeyValueStore<K, V>>) =>
      lookUp<VersionedSlots<K, V>>(task.state.versionedSlots(connected(spec))),
    storeSerdes: (spec) => topology.stores.get(connected(spec))!,
    shared: <T>(by: object, make: () => T) => {
      if (!parts.shared.has(by)) parts.shared.set(by, make())
      return lookUp<T>(parts.shared.get(by))
    },
    streamTime: () => task.streamTime,
    now: () => ports.now(),
    scanIntervalMs: parts.scanIntervalMs,
    times: task.steps.times,
    keepTime: (name, time) => task.steps.keep(name, time),
    listen: () => task.steps.listen(),
    schedule: (when, f) => task.schedule(when, f, node.name),
    defer: parts.defer,
    after: (ms, f) => ({ cancel: ports.after(ms, f) }),
    pause: (ms) => ports.pause(ms),
    random: () => ports.random(),
    requestCommit: () => {
      task.commitRequested = true
    },
    dropped: (reason) => task.drop(reason, node.name),
    print: (line) => ports.print(line),
    onClose: (f) => parts.onClose(f),
  }
}

/** Sound because a store is looked up by the very spec it was declared with, and `shared` by an object only its users know. */
function lookUp<T>(found: unknown): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return found as T
}

function notConnected(node: ProcessorNode, spec: StoreSpec): never {
  const name = spec.name ?? 'without a name'
  throw new ProcessingError(
    'STORE_NOT_CONNECTED',
    `step ${node.name} uses store ${name}, which is not connected to it: list it in the step's \`stores\` (connected: ${node.stores.join(', ') || 'none'})`,
    {
      context: { node: node.name, ...(spec.name === undefined ? {} : { store: spec.name }) },
    },
  )
}
