/** Load that goes on until it is stopped: one batch after the other, each acknowledged before the next one. */

/** Load that is under way. */
export interface SteadyLoad {
  /** Settles when what was sent is acknowledged; may be called twice. */
  stop(): Promise<void>
}

/** Sends batch after batch, with a pause between them in ms. */
export function steadyLoad(send: () => Promise<void>, pauseMs: number): SteadyLoad {
  const stopped = new AbortController()
  const ended = (async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await send()
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  })()
  // Whoever stops it hears of a failure.
  ended.catch(() => undefined)
  return {
    stop: () => {
      stopped.abort()
      return ended
    },
  }
}
