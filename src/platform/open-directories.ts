/**
 * The databases that are open in this process. A second opening is refused here, before an engine sees it: LevelDB's own refusal closes the lock
 * file and with it gives up the lock of the first.
 */
import { mkdirSync, realpathSync } from 'node:fs'
import { StateError } from '../base/errors.ts'

const open = new Set<string>()

/** Makes the directory if need be and takes it; the answer gives it back. Throws `STATE_DIR_LOCKED` when it is taken. */
export function claimDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true, mode: 0o750 })
  const path = realpathSync(directory)
  if (open.has(path))
    throw new StateError(
      'STATE_DIR_LOCKED',
      `the database in ${directory} is already open in this process: give each instance its own stateDir`,
    )
  open.add(path)
  return () => open.delete(path)
}
