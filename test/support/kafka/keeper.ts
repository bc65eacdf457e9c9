/**
 * Ends the brokers of a test when the test's process is gone, however it went (end, Ctrl-C, kill -9): a small shell holds the read end of a pipe from
 * this process. When the pipe closes, it kills the processes named last and removes their folder.
 */
import { spawn } from 'node:child_process'

/** Watches over processes and a folder. */
export interface Keeper {
  /** The processes that run now: exactly these are killed when this process goes. */
  watch(pids: readonly number[]): void
  /** Kills what is watched, removes the folder, and settles when both are done. */
  close(): Promise<void>
}

// What Ctrl-C sends to the whole group must not end the shell before its work is done. Each line replaces the list: a number may have been used again.
const SCRIPT = `trap '' INT TERM HUP; while read -r line; do pids=$line; done; [ -z "$pids" ] || kill -9 $pids 2>/dev/null; rm -rf -- "$1"`

/** Starts to watch; `folder` is removed at the end. */
export function keep(folder: string): Keeper {
  const shell = spawn('sh', ['-c', SCRIPT, 'sh', folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  const gone = new Promise<void>((resolve) => {
    shell.once('close', () => resolve())
  })
  // Where the shell has gone already, the end of the pipe says nothing new.
  shell.stdin.on('error', () => undefined)
  shell.unref()
  return {
    watch: (pids) => {
      shell.stdin.write(`${pids.join(' ')}\n`)
    },
    close: () => {
      shell.ref()
      shell.stdin.end()
      return gone
    },
  }
}
