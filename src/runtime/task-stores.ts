/** Where the tasks of an instance keep their stores: a state directory on disk, or memory, which the changelogs fill again at each start. */
import type { Random } from '../base/random.ts'
import type { Engine } from '../state/engine.ts'
import { MemoryEngine } from '../state/memory-engine.ts'

/** Opens and gives up the engines of tasks. */
export interface TaskStores {
  /** 16 bytes by which the group knows who has which state; the same over restarts where the state is. */
  readonly processId: Uint8Array
  /** Opens a task's engine, which has what it had when the task was here last. */
  openTask(taskId: string): Promise<Engine>
  /** The task has left; its state may be removed after a while. */
  release(taskId: string): Promise<void>
  /** A task's state is damaged: the next `openTask` finds none. Throws `RESTORE_LOOP` when that happens again and again. */
  setAside(taskId: string, why: 'corrupt' | 'replaced'): Promise<void>
  /** Removes the state of tasks that left long ago; answers which. */
  cleanUp(afterMs?: number): Promise<readonly string[]>
  close(): Promise<void>
}

/** Stores in memory: gone with their task. */
export function memoryStores(random: Random): TaskStores {
  return {
    processId: Uint8Array.from({ length: 16 }, () => Math.floor(random.next() * 256)),
    openTask: async () => new MemoryEngine(),
    release: async () => undefined,
    setAside: async () => undefined,
    cleanUp: async () => [],
    close: async () => undefined,
  }
}
