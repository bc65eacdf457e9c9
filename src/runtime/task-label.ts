/** `task.json`, the label of a task's folder: which engine its database is of, and whose it is. Written before the database exists, never changed. */
import { StateError } from '../base/errors.ts'

/** The format of task folders that this version writes. */
export const TASK_FORMAT = 1

/** What is in a label. */
export interface TaskLabel {
  readonly format: number
  readonly engine: string
}

interface Expected {
  readonly path: string
  readonly applicationId: string
  readonly taskId: string
}

/** Reads a label. Throws `STATE_CORRUPT` when it is none, `STATE_INCOMPATIBLE` when it is of a later format or another application or task. */
export function readLabel(text: string, { path, applicationId, taskId }: Expected): TaskLabel {
  const fields = fieldsOf(text)
  const format = fields.get('format')
  const engine = fields.get('engine')
  if (typeof format !== 'number' || !Number.isSafeInteger(format) || format < 1)
    throw new StateError(
      'STATE_CORRUPT',
      `${path} can't be read: ${text.slice(0, 80)}. The task's state is set aside and rebuilt from the changelog`,
    )
  if (format > TASK_FORMAT) throw incompatible(path, `found format ${format}, this version reads up to ${TASK_FORMAT}`)
  if (typeof engine !== 'string')
    throw new StateError('STATE_CORRUPT', `${path} names no engine. The task's state is set aside and rebuilt from the changelog`)
  if (fields.get('applicationId') !== applicationId)
    throw incompatible(path, `found application ${String(fields.get('applicationId'))}, expected ${applicationId}`)
  if (fields.get('taskId') !== taskId) throw incompatible(path, `found task ${String(fields.get('taskId'))}, expected ${taskId}`)
  return { format, engine }
}

function fieldsOf(text: string): ReadonlyMap<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : [])
  } catch {
    return new Map()
  }
}

function incompatible(path: string, what: string): StateError {
  return new StateError('STATE_INCOMPATIBLE', `${path}: ${what}. Nothing was touched: use the version that wrote it, or \`millrace reset\``)
}
