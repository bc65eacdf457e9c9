/**
 * One process a state directory. The lock names its holder so that it can be told whether the holder is still alive: a lock of a dead one is taken
 * over and logged. The engines' own file locks decide where two takers meet or a holder can't be seen from here, as in another container.
 */
import { StateError } from '../base/errors.ts'
import type { Files, ProcessStamp } from './file-port.ts'
import type { Logger } from './logger.ts'

interface Holder extends ProcessStamp {
  /** When it took the lock, in ms since the epoch. */
  readonly since: number
}

const NAME = '.lock'
const ATTEMPTS = 5

/** Takes the lock of a folder; the answer gives it back. Throws `STATE_DIR_LOCKED`. */
export async function takeLock(
  folder: string,
  { files, logger, now }: { readonly files: Files; readonly logger: Logger; readonly now: number },
): Promise<() => Promise<void>> {
  const path = files.join(folder, NAME)
  const self: Holder = { ...(await files.self()), since: now }
  const text = JSON.stringify(self)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await files.create(path, text)) return () => giveBack(path, text, files)
    const found = await files.read(path)
    if (found === undefined) continue
    const holder = holderOf(found)
    const doubt = holder === undefined ? undefined : await whyAlive(holder, self, files)
    if (holder !== undefined && doubt !== undefined) throw locked(path, holder, doubt)
    if (await removeDead(path, found, files))
      logger.warn(
        { path, pid: holder?.pid, host: holder?.host },
        'the state directory was locked by a process that is gone; its lock is taken over',
      )
  }
  throw new StateError('STATE_DIR_LOCKED', `${path} is being taken by several processes at once: give each instance its own stateDir`)
}

/** Why the holder has to be taken for alive; undefined: it is gone. */
async function whyAlive(holder: Holder, self: ProcessStamp, files: Files): Promise<string | undefined> {
  const sameBoot = holder.boot !== '' && holder.boot === self.boot
  if (!sameBoot) {
    if (holder.host === self.host) {
      if (holder.boot !== '' && self.boot !== '') return undefined
    } else return `another machine, which can't be asked from here: if it is gone, delete the file`
  }
  const start = await files.startOf(holder.pid)
  if (start === undefined || (start !== '' && holder.start !== '' && start !== holder.start)) return undefined
  return holder.pid === self.pid ? 'another instance in this process' : 'it is running'
}

/** Moves a dead holder's lock away, unless somebody was faster; then that one's lock is put back. */
async function removeDead(path: string, dead: string, files: Files): Promise<boolean> {
  const aside = `${path}.${(await files.self()).pid}.dead`
  try {
    await files.rename(path, aside)
  } catch {
    return false
  }
  const moved = await files.read(aside)
  if (moved !== undefined && moved !== dead) await files.create(path, moved)
  await files.remove(aside)
  return moved === dead
}

/** Removes the lock if it is still the one that was taken. */
async function giveBack(path: string, text: string, files: Files): Promise<void> {
  if ((await files.read(path)) === text) await files.remove(path)
}

function holderOf(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || !('pid' in value) || typeof value.pid !== 'number') return undefined
    const textOf = (key: string): string => {
      const field: unknown = Object.entries(value).find(([name]) => name === key)?.[1]
      return typeof field === 'string' ? field : ''
    }
    const since = 'since' in value && typeof value.since === 'number' ? value.since : 0
    return { pid: value.pid, start: textOf('start'), host: textOf('host'), boot: textOf('boot'), since }
  } catch {
    return undefined
  }
}

function locked(path: string, { pid, host, since }: Holder, why: string): StateError {
  return new StateError(
    'STATE_DIR_LOCKED',
    `${path} is held by process ${pid} on ${host} since ${new Date(since).toISOString()} (${why}): give each instance its own stateDir, or stop the other`,
  )
}
