/**
 * The directory where an application keeps its stores: one process at a time, one folder and one database a task, each labelled before its database
 * exists. What is damaged is set aside, never opened and never deleted unseen; what belongs to somebody else is not touched at all.
 */
import { fromHex, toHex } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { StateError, StreamsError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import type { Engine, EngineOptions, OpenEngine } from '../state/engine.ts'
import type { Files } from './file-port.ts'
import type { Logger } from './logger.ts'
import { takeLock } from './state-lock.ts'
import { readLabel, TASK_FORMAT } from './task-label.ts'

/** What a state directory is opened with. */
export interface StateDirectoryOptions {
  readonly files: Files
  /** The `stateDir` option. */
  readonly path: string
  readonly applicationId: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** How long the folder of a task is kept after the task was given up. */
  readonly cleanupDelayMs: number
  /** The engine that new databases are made with. Its name goes into the label of each. */
  readonly engine: { readonly name: string; readonly open: OpenEngine }
  /** `bytes` is for all databases together: the more are open, the less the next one gets. */
  readonly engineOptions: EngineOptions
}

/** The state of one application on this disk. */
export interface StateDirectory {
  /** `<stateDir>/<applicationId>`. */
  readonly path: string
  /** 16 bytes, the same over restarts, by which the group knows who has which state. */
  readonly processId: Uint8Array
  /** Ids of the tasks that have a folder here. */
  taskIds(): Promise<readonly string[]>
  /** Opens a task's database; a damaged one is set aside and an empty one opened. Throws a retriable `STATE_DIR_LOCKED` while another thread has it. */
  openTask(taskId: string): Promise<Engine>
  /** Closes a task's database; from now on its folder may be cleaned up. */
  release(taskId: string): Promise<void>
  /** Closes a task's database and renames its folder, `why` in the name; the newest of a task is kept. Throws `RESTORE_LOOP` the second time in 10 minutes. */
  setAside(taskId: string, why: 'corrupt' | 'replaced'): Promise<void>
  /** Removes the folders of tasks that were given up so many ms ago (the option's, where left out); answers which. */
  cleanUp(afterMs?: number): Promise<readonly string[]>
  /** Closes what is open and gives the lock back; may be called twice. */
  close(): Promise<void>
}

const PROCESS_FILE = 'process.json'
const LABEL = 'task.json'
const DATABASE = 'db'
const PROCESS_ID_BYTES = 16
const LOOP_MS = 600_000
const TASK_FOLDER = /^(?:\d+_\d+|global)$/
/** What a process left that was killed while it removed a folder or wrote a file. */
const LEFT_OVER = /^(?:(?:\d+_\d+|global)\.removed-\d+|(?:process\.json|\.lock)\..+\.tmp)$/

/**
 * Makes or opens an application's state directory. Throws `STATE_DIR` when it can't be used, `STATE_DIR_LOCKED` when another instance has it,
 * `STATE_DISK` when there is no room.
 */
export async function openStateDirectory(options: StateDirectoryOptions): Promise<StateDirectory> {
  const { files, applicationId, clock, logger } = options
  const path = files.join(options.path, applicationId)
  return guarded(path, async () => {
    await files.makeFolder(options.path)
    await mustBeFolder(path, files)
    await files.makeFolder(path)
    const unlock = await takeLock(path, { files, logger, now: clock.now() })
    try {
      const processId = await stickyProcessId(files.join(path, PROCESS_FILE), options)
      const names = await files.list(path)
      for (const name of names) if (LEFT_OVER.test(name)) await files.remove(files.join(path, name))
      const released = names.filter((name) => TASK_FOLDER.test(name)).map((name) => [name, clock.monotonic()] as const)
      return new OpenStateDirectory(options, { path, processId, unlock, released: new Map(released) })
    } catch (error) {
      await unlock()
      throw error
    }
  })
}

interface Taken {
  readonly path: string
  readonly processId: Uint8Array
  readonly unlock: () => Promise<void>
  /** When each task that is not open was given up, by the monotonic clock; those found at the start were given up then. */
  readonly released: Map<string, number>
}

class OpenStateDirectory implements StateDirectory {
  readonly path: string
  readonly processId: Uint8Array
  readonly #options: StateDirectoryOptions
  readonly #taken: Taken
  readonly #open: Map<string, Engine> = new Map()
  /** Tasks from the moment one is to be opened until it is given up: another thread may want one that is still being closed. */
  readonly #held: Set<string> = new Set()
  readonly #setAsideAt: Map<string, number> = new Map()
  #warned = false
  #closing: Promise<void> | undefined = undefined

  constructor(options: StateDirectoryOptions, taken: Taken) {
    this.#options = options
    this.#taken = taken
    this.path = taken.path
    this.processId = taken.processId
  }

  taskIds(): Promise<readonly string[]> {
    return guarded(this.path, async () => (await this.#options.files.list(this.path)).filter((name) => TASK_FOLDER.test(name)))
  }

  openTask(taskId: string): Promise<Engine> {
    return guarded(this.#folder(taskId), async () => {
      if (this.#closing !== undefined || this.#held.has(taskId)) throw this.#locked(taskId)
      this.#held.add(taskId)
      this.#taken.released.delete(taskId)
      try {
        const engine = await this.#openOrRebuild(taskId)
        this.#open.set(taskId, engine)
        this.#checkMemory()
        return engine
      } catch (error) {
        this.#held.delete(taskId)
        throw error
      }
    })
  }

  release(taskId: string): Promise<void> {
    return guarded(this.#folder(taskId), async () => {
      try {
        await this.#closeEngine(taskId)
      } finally {
        this.#held.delete(taskId)
      }
      this.#taken.released.set(taskId, this.#options.clock.monotonic())
    })
  }

  setAside(taskId: string, why: 'corrupt' | 'replaced'): Promise<void> {
    return guarded(this.#folder(taskId), async () => {
      try {
        await this.#closeEngine(taskId)
        await this.#renameAway(taskId, why)
      } finally {
        this.#held.delete(taskId)
      }
    })
  }

  async cleanUp(afterMs: number = this.#options.cleanupDelayMs): Promise<readonly string[]> {
    const { clock, logger } = this.#options
    const due = [...this.#taken.released].filter(([, at]) => clock.monotonic() - at >= afterMs).map(([taskId]) => taskId)
    for (const taskId of due) {
      this.#taken.released.delete(taskId)
      await guarded(this.#folder(taskId), () => this.#remove(taskId))
      logger.info({ taskId, path: this.#folder(taskId) }, 'the state of a task that this instance gave up is removed')
    }
    return due
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    try {
      for (const taskId of this.#open.keys()) await this.#closeEngine(taskId)
    } finally {
      await guarded(this.path, this.#taken.unlock)
    }
  }

  async #openOrRebuild(taskId: string): Promise<Engine> {
    try {
      return await this.#openLabelled(taskId)
    } catch (error) {
      if (!(error instanceof StateError) || error.code !== 'STATE_CORRUPT') throw error
      await this.#renameAway(taskId, 'corrupt', error)
      return this.#openLabelled(taskId)
    }
  }

  async #openLabelled(taskId: string): Promise<Engine> {
    const { files, engine, applicationId } = this.#options
    const folder = this.#folder(taskId)
    await mustBeFolder(folder, files)
    await files.makeFolder(folder)
    await this.#removeDrafts(folder)
    const names = await files.list(folder)
    const foreign = names.filter((name) => name !== LABEL && name !== DATABASE)
    if (foreign.length > 0 || (names.includes(DATABASE) && !names.includes(LABEL))) throw foreignFiles(folder, foreign)
    const text = await files.read(files.join(folder, LABEL))
    if (text !== undefined) {
      const label = readLabel(text, { path: files.join(folder, LABEL), applicationId, taskId })
      if (label.engine !== engine.name) {
        await this.#renameAway(taskId, 'replaced')
        return this.#openLabelled(taskId)
      }
    } else
      await files.create(files.join(folder, LABEL), JSON.stringify({ format: TASK_FORMAT, engine: engine.name, applicationId, taskId }))
    await mustBeFolder(files.join(folder, DATABASE), files)
    return engine.open(files.join(folder, DATABASE), this.#engineOptions())
  }

  #engineOptions(): EngineOptions {
    const { bytes } = this.#options.engineOptions
    return bytes === undefined ? {} : { bytes: Math.floor(bytes / (this.#open.size + 1)) }
  }

  /** Engines have a least size, so that many databases can take more than was allowed. */
  #checkMemory(): void {
    const { logger, engineOptions } = this.#options
    const used = [...this.#open.values()].reduce((sum, engine) => sum + (engine.metrics()['memory_bytes'] ?? 0), 0)
    if (this.#warned || engineOptions.bytes === undefined || used <= engineOptions.bytes) return
    this.#warned = true
    logger.warn(
      { databases: this.#open.size, bytes: used, allowed: engineOptions.bytes },
      'the caches and write buffers of the open databases may take more than rocksdbMemoryBytes: raise it, or run more instances',
    )
  }

  /** What a process left that was killed while it wrote a label. */
  async #removeDrafts(folder: string): Promise<void> {
    const { files } = this.#options
    for (const name of await files.list(folder)) if (/^task\.json\.\d+-\d+\.tmp$/.test(name)) await files.remove(files.join(folder, name))
  }

  async #renameAway(taskId: string, why: 'corrupt' | 'replaced', cause?: StateError): Promise<void> {
    const { files, clock, logger } = this.#options
    const now = clock.monotonic()
    const last = this.#setAsideAt.get(taskId)
    if (why === 'corrupt') {
      if (last !== undefined && now - last < LOOP_MS)
        throw new StateError(
          'RESTORE_LOOP',
          `the state of task ${taskId} in ${this.#folder(taskId)} was damaged twice within 10 minutes: check the disk before starting again`,
          { context: { taskId }, ...(cause !== undefined && { cause }) },
        )
      this.#setAsideAt.set(taskId, now)
    }
    const older = (await files.list(this.path)).filter((name) => name.startsWith(`${taskId}.${why}-`))
    const aside = files.join(this.path, `${taskId}.${why}-${clock.now()}`)
    await files.remove(aside)
    if ((await files.kindOf(this.#folder(taskId))) === 'folder') await files.rename(this.#folder(taskId), aside)
    for (const name of older) if (files.join(this.path, name) !== aside) await files.remove(files.join(this.path, name))
    logger.warn({ taskId, aside, why, cause: cause?.message }, 'the state of a task is set aside and restored from its changelog')
  }

  /** Renamed first, so that a folder half removed is never taken for a task's. */
  async #remove(taskId: string): Promise<void> {
    const { files, clock } = this.#options
    const folder = this.#folder(taskId)
    if ((await files.kindOf(folder)) !== 'folder') return
    const removed = files.join(this.path, `${taskId}.removed-${clock.now()}`)
    await files.rename(folder, removed)
    await files.remove(removed)
  }

  #locked(taskId: string): StateError {
    const closed = this.#closing !== undefined
    const why = closed ? 'the directory is closed' : 'another thread of this process has not given it up yet'
    return new StateError('STATE_DIR_LOCKED', `the state of task ${taskId} in ${this.path} can't be opened: ${why}`, { retriable: !closed })
  }

  async #closeEngine(taskId: string): Promise<void> {
    const engine = this.#open.get(taskId)
    this.#open.delete(taskId)
    await engine?.close()
  }

  #folder(taskId: string): string {
    return this.#options.files.join(this.path, taskId)
  }
}

async function stickyProcessId(path: string, { files, random, logger }: StateDirectoryOptions): Promise<Uint8Array> {
  const text = await files.read(path)
  const known = text === undefined ? undefined : /^\{"processId":"([0-9a-f]{32})"\}$/.exec(text)?.[1]
  if (known !== undefined) return fromHex(known)
  if (text !== undefined) {
    logger.warn({ path }, 'the process id of the state directory can not be read; a new one is made, so tasks may move once')
    await files.remove(path)
  }
  const id = Uint8Array.from({ length: PROCESS_ID_BYTES }, () => Math.floor(random.next() * 256))
  await files.create(path, JSON.stringify({ processId: toHex(id) }))
  return id
}

/** Refuses what is not a folder of ours: a file, or a link that leads elsewhere. */
async function mustBeFolder(path: string, files: Files): Promise<void> {
  const found = await files.kindOf(path)
  if (found !== 'folder' && found !== 'nothing')
    throw new StateError('STATE_DIR', `${path} is a ${found}, not a folder: move it away, or choose another stateDir`)
}

function foreignFiles(folder: string, names: readonly string[]): StateError {
  const what = names.length === 0 ? 'it has no task.json' : `it has ${names.slice(0, 5).join(', ')}`
  return new StateError('STATE_FOREIGN', `${folder} was not made by this library: ${what}. It is neither opened nor deleted: move it away`)
}

const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EIO', 'EFBIG'])

/** Runs it; an error of the file system becomes one that names the path, the error's code and what to do. */
async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof StreamsError || !(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') throw error
    if (NO_ROOM.has(error.code))
      throw new StateError('STATE_DISK', `the state directory ${path} has no room (${error.code}): ${error.message}`, {
        cause: error,
        retriable: true,
      })
    throw new StateError(
      'STATE_DIR',
      `the state directory ${path} can't be used (${error.code}): ${error.message}. The process needs to read, write and list it`,
      { cause: error },
    )
  }
}
