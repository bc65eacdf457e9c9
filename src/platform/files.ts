/** The state directory's files by `node:fs`, and what this machine tells of its processes. */
import { constants } from 'node:fs'
import { link, lstat, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import type { Files, ProcessStamp } from '../runtime/file-port.ts'

const FOLDER_MODE = 0o750
const FILE_MODE = 0o640
/** The field of `/proc/<pid>/stat`, behind the name in brackets, that has the start time. */
const START_FIELD = 19

/** Windows has no such flag. */
const NO_LINKS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)

let made = 0

/** Node's file system. */
export const nodeFiles: Files = {
  join,
  makeFolder: async (path) => {
    await mkdir(path, { recursive: true, mode: FOLDER_MODE })
  },
  kindOf: async (path) => {
    try {
      const found = await lstat(path)
      if (found.isFile()) return 'file'
      if (found.isDirectory()) return 'folder'
      return found.isSymbolicLink() ? 'link' : 'other'
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 'nothing'
      throw error
    }
  },
  list: (path) => readdir(path),
  read: async (path) => {
    try {
      const file = await open(path, NO_LINKS)
      try {
        return await file.readFile('utf8')
      } finally {
        await file.close()
      }
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
  },
  create,
  rename,
  remove: (path) => rm(path, { recursive: true, force: true }),
  self: async () => ({ pid: process.pid, start: (await startOf(process.pid)) ?? '', host: hostname(), boot: await bootId() }),
  startOf,
}

/** Written beside and linked into place, so that nobody ever reads half of it; where there are no links, made exclusively. */
async function create(path: string, text: string): Promise<boolean> {
  const draft = `${path}.${process.pid}-${++made}.tmp`
  await writeSynced(draft, text)
  try {
    await link(draft, path)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'EEXIST') return false
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error
    return await createExclusively(path, text)
  } finally {
    await rm(draft, { force: true })
  }
  await syncFolder(dirname(path))
  return true
}

async function createExclusively(path: string, text: string): Promise<boolean> {
  try {
    await writeSynced(path, text)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', FILE_MODE)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes a new name in a folder outlive a loss of power; Windows has no such call and needs none. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return isAlive(pid) ? '' : undefined
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[START_FIELD]
  } catch {
    return isAlive(pid) ? '' : undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

async function bootId(): Promise<ProcessStamp['boot']> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'latin1')).trim()
  } catch {
    return ''
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
