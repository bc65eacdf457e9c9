/**
 * A connection to one broker of a memory cluster. It carries requests one after another, as a broker works on one of a connection at a time; what
 * can be answered at once is, before `request` returns (its promise settles a microtask later). A request that isn't answered in time closes the
 * lane, and everything on it is lost. A fault may be planned for each request: that is how tests make networks and brokers fail.
 */
import type { Clock } from '../base/clock.ts'
import { ClusterError } from '../base/errors.ts'
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import type { Lane, LaneKind, RequestOptions } from '../kafka/lane.ts'
import type { Api } from '../wire/api/api.ts'

/** What becomes of a request. */
export interface FaultPlan {
  /** How long the request is under way, in ms. It arrives even when its lane is closed meanwhile. */
  readonly beforeMs?: number
  /** How long the answer is under way, in ms. */
  readonly afterMs?: number
  /**
   * `lose-request`: it never arrives; `lose-answer`: it is worked on, and the answer never comes (the timeout closes the lane); `close-before`: the lane
   * closes and the request isn't worked on; `close-instead`: it is worked on, and the lane closes in place of an answer; `answer-then-close`;
   * `twice`: it arrives twice, and the second answer counts.
   */
  readonly outcome?: 'lose-request' | 'lose-answer' | 'close-before' | 'close-instead' | 'answer-then-close' | 'twice'
}

/** Plans what becomes of a request: an error is its answer, undefined lets it pass. */
export type Fault = (
  api: Api<never, unknown>,
  request: unknown,
  lane: { readonly node: number; readonly kind: LaneKind },
) => Error | FaultPlan | undefined

/** What a lane runs on. */
export interface LaneOptions {
  readonly node: number
  readonly kind: LaneKind
  readonly clock: Clock
  readonly fault: Fault
  readonly closed: (lane: MemoryLane) => void
}

/** Works on requests. */
export interface Answerer {
  answer<Q, R>(api: Api<Q, R>, request: Q, node: number): MaybePromise<R>
}

interface Call {
  readonly api: Api<never, unknown>
  readonly request: unknown
  readonly timeoutMs: number
  /** Lets the broker work on it; what it answers delivers the answer. */
  readonly handle: () => MaybePromise<() => void>
  readonly reject: (why: Error) => void
}

const TIMEOUT_MS = 30_000

/** Carries requests one after another. */
export class MemoryLane implements Lane {
  readonly node: number
  readonly #broker: Answerer
  readonly #options: LaneOptions
  readonly #listeners: ((why: Error) => void)[] = []
  readonly #queue: Call[] = []
  #current: Call | undefined = undefined
  #cancelTimeout: () => void = () => undefined
  #closed: ClusterError | undefined = undefined

  constructor(broker: Answerer, options: LaneOptions) {
    this.node = options.node
    this.#broker = broker
    this.#options = options
  }

  request<Q, R>(api: Api<Q, R>, request: Q, options: RequestOptions = {}): Promise<R> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    return new Promise<R>((resolve, reject) => {
      const handle = (): MaybePromise<() => void> => chain(this.#broker.answer(api, request, this.node), (answer) => () => resolve(answer))
      this.#queue.push({ api, request, timeoutMs: options.timeoutMs ?? TIMEOUT_MS, handle, reject })
      this.#next()
    })
  }

  onClose(f: (why: Error) => void): void {
    if (this.#closed === undefined) this.#listeners.push(f)
    else f(this.#closed)
  }

  close(): void {
    this.#close(
      new ClusterError('CONNECTION_LOST', `the connection to the memory broker ${this.node} was closed (${this.#options.kind})`, {
        retriable: true,
      }),
    )
  }

  #close(why: ClusterError): void {
    if (this.#closed !== undefined) return
    this.#closed = why
    this.#cancelTimeout()
    this.#options.closed(this)
    this.#current?.reject(why)
    this.#current = undefined
    for (const call of this.#queue.splice(0)) call.reject(why)
    for (const listener of this.#listeners) listener(why)
  }

  /** Works on what waits, as far as it is answered at once. */
  #next(): void {
    while (this.#current === undefined) {
      const call = this.#queue.shift()
      if (call === undefined) return
      this.#current = call
      const { node, kind, fault } = this.#options
      const plan = fault(call.api, call.request, { node, kind })
      if (plan === undefined) this.#handle(call)
      else if (plan instanceof Error) this.#delivered(call, () => call.reject(plan))
      else this.#handleAmiss(call, plan)
    }
  }

  #handle(call: Call): void {
    const delivery = worked(call)
    if (!(delivery instanceof Promise)) {
      this.#delivered(call, delivery)
      return
    }
    this.#watch(call)
    void delivery.then((deliver) => this.#goOn(call, deliver))
  }

  #handleAmiss(call: Call, { beforeMs = 0, afterMs = 0, outcome }: FaultPlan): void {
    this.#watch(call)
    this.#after(beforeMs, () => {
      if (outcome === 'lose-request') return
      if (outcome === 'close-before') {
        this.close()
        return
      }
      const first = outcome === 'twice' ? worked(call) : undefined
      const delivery = chain(first, () => worked(call))
      void chain(delivery, (deliver) => this.#after(afterMs, () => this.#answered(call, outcome, deliver)))
    })
  }

  #answered(call: Call, outcome: FaultPlan['outcome'], deliver: () => void): void {
    if (outcome === 'lose-answer') return
    if (outcome === 'answer-then-close') this.#delivered(call, deliver)
    if (outcome === 'answer-then-close' || outcome === 'close-instead') this.close()
    else this.#goOn(call, deliver)
  }

  /** Delivers an answer that had to be waited for, unless the lane was closed meanwhile, and goes on with what waits. */
  #goOn(call: Call, deliver: () => void): void {
    if (this.#current !== call) return
    this.#delivered(call, deliver)
    this.#next()
  }

  #delivered(call: Call, deliver: () => void): void {
    // What is worked on may close its own lane.
    if (this.#current !== call) return
    this.#cancelTimeout()
    this.#current = undefined
    deliver()
  }

  #watch({ api, timeoutMs }: Call): void {
    this.#cancelTimeout = this.#options.clock.after(timeoutMs, () => {
      this.#close(
        new ClusterError('CONNECTION_LOST', `the memory broker ${this.node} has not answered ${api.name} for ${timeoutMs} ms`, {
          retriable: true,
        }),
      )
    })
  }

  #after(ms: number, f: () => void): void {
    if (ms > 0) this.#options.clock.after(ms, f)
    else f()
  }
}

/** Lets the broker work on a request; what it throws is delivered too. */
function worked(call: Call): MaybePromise<() => void> {
  const failed = (error: unknown): (() => void) => {
    return () => call.reject(error instanceof Error ? error : new Error(String(error)))
  }
  try {
    const delivery = call.handle()
    return delivery instanceof Promise ? delivery.catch(failed) : delivery
  } catch (error) {
    return failed(error)
  }
}
