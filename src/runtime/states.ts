/** The states of an application and its table of moves, which are Kafka Streams'. A move that isn't in the table is a bug, and says so. */
import { assert } from '../base/errors.ts'

/** The state of an application. */
export type AppState = 'CREATED' | 'REBALANCING' | 'RUNNING' | 'PENDING_SHUTDOWN' | 'NOT_RUNNING' | 'PENDING_ERROR' | 'ERROR'

const MOVES: Readonly<Record<AppState, readonly AppState[]>> = {
  CREATED: ['REBALANCING', 'PENDING_SHUTDOWN'],
  REBALANCING: ['RUNNING', 'PENDING_SHUTDOWN', 'PENDING_ERROR'],
  RUNNING: ['REBALANCING', 'PENDING_SHUTDOWN', 'PENDING_ERROR'],
  PENDING_SHUTDOWN: ['NOT_RUNNING'],
  NOT_RUNNING: [],
  PENDING_ERROR: ['ERROR'],
  ERROR: [],
}

/** True when the table has the move. */
export function mayMove(from: AppState, to: AppState): boolean {
  return MOVES[from].includes(to)
}

/** The state of one application, with a listener that is told of each move. */
export class StateMachine {
  #state: AppState = 'CREATED'
  readonly #moved: (to: AppState, from: AppState) => void

  constructor(moved: (to: AppState, from: AppState) => void) {
    this.#moved = moved
  }

  get state(): AppState {
    return this.#state
  }

  /** Moves on; a move that isn't in the table is an error of ours. */
  move(to: AppState): void {
    const from = this.#state
    assert(mayMove(from, to), `an application can't move from ${from} to ${to}`)
    this.#state = to
    this.#moved(to, from)
  }

  /** Moves on where the table allows it; answers whether it did. */
  tryMove(to: AppState): boolean {
    if (!mayMove(this.#state, to)) return false
    this.move(to)
    return true
  }
}
