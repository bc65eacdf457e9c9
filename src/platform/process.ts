/** What a program needs of its process: whether a file is its entry, its signals, its exit code. */
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** True when the module with this URL is the program that Node was started with. */
export function isEntry(url: string): boolean {
  const [, entry] = process.argv
  if (entry === undefined) return false
  try {
    return realpathSync(fileURLToPath(url)) === realpathSync(entry)
  } catch {
    return false
  }
}

/** Calls `f` the next time the signal arrives. */
export function onSignal(signal: 'SIGTERM' | 'SIGINT', f: () => void): void {
  process.once(signal, f)
}

/** Sets the exit code; `now` ends the process at once. */
export function exitWith(code: number, now: boolean): void {
  process.exitCode = code
  if (now) process.exit()
}
