/** Application processes under test: started, listened to, killed and stopped, each by its own id. */
import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** What a process printed: a line of JSON. */
export interface AppEvent {
  readonly event: string
  readonly at?: number
  readonly state?: string
  readonly taskId?: string
  readonly phase?: string
  readonly [field: string]: unknown
}

/** A process of `counting-app.ts`. */
export class AppProcess {
  readonly events: AppEvent[] = []
  /** What it wrote to standard error. */
  errors = ''
  readonly #child: ChildProcess
  readonly #ended: Promise<void>

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'counting-app.ts'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.events.push(JSON.parse(line) as AppEvent))
    this.#child.stderr!.on('data', (chunk: Buffer) => {
      this.errors += chunk.toString()
    })
    this.#ended = new Promise((resolve) => {
      this.#child.on('exit', () => resolve())
    })
  }

  /** True while it runs. */
  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  get exitCode(): number | null {
    return this.#child.exitCode
  }

  /** Settles when something it printed satisfies the condition, from the `from`-th event on. */
  async until(
    what: string,
    seen: (event: AppEvent) => boolean,
    { from = 0, ms = 60_000 }: { readonly from?: number; readonly ms?: number } = {},
  ): Promise<AppEvent> {
    const deadline = Date.now() + ms
    for (let at = from; Date.now() < deadline;) {
      const event = this.events[at]
      if (event === undefined) {
        if (!this.alive)
          throw new Error(`the process ended with ${this.#child.exitCode ?? this.#child.signalCode} before ${what}: ${this.errors}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      } else if (seen(event)) return event
      else at++
    }
    throw new Error(`not within ${ms} ms: ${what}; last: ${JSON.stringify(this.events.slice(-3))} ${this.errors}`)
  }

  running(): Promise<AppEvent> {
    return this.until('RUNNING', ({ event, state }) => event === 'state' && state === 'RUNNING')
  }

  /** kill -9. */
  async kill(): Promise<void> {
    if (this.alive) this.#child.kill('SIGKILL')
    await this.#ended
  }

  /** SIGTERM, which it answers by closing. */
  async stop(): Promise<void> {
    if (this.alive) this.#child.kill('SIGTERM')
    await this.#ended
  }
}
