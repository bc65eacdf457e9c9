/** What the errors of a task are told and asked: the task itself, those who run it, and its outbox for dead letters. */
import type { Phase } from '../base/errors.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { CurrentRecord } from '../model/record.ts'
import type { TaskId } from '../model/task-id.ts'
import type { DeadLetter, DeadLetterRecord } from '../topology/error-decision.ts'
import type { DropReason, NodeName } from '../topology/operator.ts'
import { deadLetterRecord } from './dead-letter.ts'
import type { FailureContext } from './failure.ts'
import type { TaskPorts } from './task-ports.ts'

/** The task whose errors they are. */
export interface FailingTask {
  readonly id: TaskId
  readonly record: CurrentRecord
  readonly waitingIn: Set<NodeName>
  drop(reason: DropReason, node: NodeName): void
}

/** What else it is made of. */
export interface FailureParts {
  readonly ports: TaskPorts
  readonly parity: boolean
  readonly frozen: boolean
  phase(): Phase
  /** The topic of a sink; undefined for other steps, and where a function chooses it. */
  topicOf(node: NodeName): string | undefined
  bury(record: DeadLetterRecord, letter: DeadLetter): MaybePromise<void>
}

/** The context of all failures of a task. */
export function failureContext(task: FailingTask, parts: FailureParts): FailureContext {
  const { ports, parity, frozen } = parts
  return {
    taskId: task.id,
    record: task.record,
    parity,
    frozen,
    phase: () => parts.phase(),
    waiting: task.waitingIn,
    topicOf: (node) => parts.topicOf(node),
    onError: (error) => ports.onError(error),
    skipped: (node, when) => task.drop(when === 'deserialization' ? 'deserialization' : 'skipped', node),
    bury: (letter, error) => {
      const record = deadLetterRecord(error, task.record, parity)
      return parts.bury(letter.mapRecord?.(record, error) ?? record, letter)
    },
    decided: (error, decision) => ports.onDecided(error, decision),
    pause: (ms) => ports.pause(ms),
    random: () => ports.random(),
    patienceMs: ports.patienceMs,
  }
}
