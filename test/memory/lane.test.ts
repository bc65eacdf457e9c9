import { describe, expect, it } from 'vitest'
import { chain, type MaybePromise } from '../../src/base/maybe-promise.ts'
import { ClusterError } from '../../src/base/errors.ts'
import { MemoryLane, type Answerer, type Fault, type FaultPlan } from '../../src/memory/lane.ts'
import { api, type Api } from '../../src/wire/api/api.ts'
import { manualClock, settled, type ManualClock } from './world.ts'

const ECHO: Api<string, string> = api(99, 'Echo', [0, 0], {
  write(w, text) {
    w.string(text)
  },
  read(r) {
    return r.string()
  },
})

interface LaneWorld {
  readonly clock: ManualClock
  readonly lane: MemoryLane
  /** What arrived at the broker. */
  readonly arrived: string[]
  /** What was answered, `name: answer` or `name! error`. */
  readonly answered: string[]
  /** Answers requests that the broker works on longer. */
  readonly release: (request: string) => void
  readonly ask: (request: string, timeoutMs?: number) => void
}

/** A lane to a broker that answers in capitals, later when the request begins with a space, and throws on `bad`. */
function laneWorld(plans: Readonly<Record<string, FaultPlan | Error>> = {}): LaneWorld {
  const clock = manualClock()
  const arrived: string[] = []
  const answered: string[] = []
  const waiting = new Map<string, () => void>()
  const work = (request: unknown): MaybePromise<unknown> => {
    arrived.push(String(request))
    if (request === 'bad') throw new Error('no')
    if (request === ' bad') return Promise.reject(new Error('not later either'))
    const answer = String(request).toUpperCase()
    return String(request).startsWith(' ') ? new Promise((resolve) => waiting.set(String(request), () => resolve(answer))) : answer
  }
  const broker: Answerer = {
    answer: <Q, R>(_api: Api<Q, R>, request: Q): MaybePromise<R> => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only Echo is asked
      return chain(work(request), (answer) => answer as R)
    },
  }
  const fault: Fault = (_api, request) => plans[String(request)]
  const lane = new MemoryLane(broker, { node: 4, kind: 'call', clock, fault, closed: () => answered.push('closed') })
  const ask = (request: string, timeoutMs?: number): void => {
    void lane.request(ECHO, request, timeoutMs === undefined ? {} : { timeoutMs }).then(
      (answer) => answered.push(`${request}: ${answer}`),
      (error: unknown) =>
        answered.push(
          `${request}! ${error instanceof ClusterError ? `${error.code}${error.retriable ? ' retriable' : ''}` : String(error)}`,
        ),
    )
  }
  return { clock, lane, arrived, answered, release: (request) => waiting.get(request)?.(), ask }
}

describe('MemoryLane', () => {
  it('hands requests over at once and answers them in order', async () => {
    const { ask, arrived, answered, lane } = laneWorld()
    ask('a')
    ask('b')
    expect(arrived).toEqual(['a', 'b'])
    await settled()
    expect([answered, lane.node]).toEqual([['a: A', 'b: B'], 4])
  })

  it('works on one request at a time', async () => {
    const { ask, arrived, answered, release, clock } = laneWorld()
    for (const request of [' a', 'b', ' c', 'd']) ask(request)
    await settled()
    expect(arrived).toEqual([' a'])
    release(' a')
    await settled()
    expect([arrived, answered]).toEqual([
      [' a', 'b', ' c'],
      [' a:  A', 'b: B'],
    ])
    release(' c')
    await settled()
    expect(answered.slice(2)).toEqual([' c:  C', 'd: D'])
    expect(clock.pending()).toBe(0)
  })

  it('passes on what the broker throws, and goes on', async () => {
    const { ask, answered } = laneWorld()
    for (const request of ['bad', ' bad', 'a']) ask(request)
    await settled()
    expect(answered).toEqual(['bad! Error: no', ' bad! Error: not later either', 'a: A'])
  })

  it('loses all that is under way when it is closed, tells who listens once, and refuses more', async () => {
    const { ask, answered, lane, release } = laneWorld()
    const reasons: Error[] = []
    lane.onClose((why) => reasons.push(why))
    ask(' a')
    ask('b')
    lane.close()
    lane.close()
    release(' a')
    ask('c')
    await settled()
    expect(answered).toEqual(['closed', ' a! CONNECTION_LOST retriable', 'b! CONNECTION_LOST retriable', 'c! CONNECTION_LOST retriable'])
    expect(reasons).toHaveLength(1)
    // Who listens too late is told at once.
    lane.onClose((why) => reasons.push(why))
    expect(reasons[1]).toBe(reasons[0])
  })

  it('closes when a request isn’t answered in time', async () => {
    const { ask, answered, clock } = laneWorld()
    ask(' a', 50)
    ask('b', 50)
    await clock.advance(49)
    expect(answered).toEqual([])
    await clock.advance(1)
    expect(answered).toEqual(['closed', ' a! CONNECTION_LOST retriable', 'b! CONNECTION_LOST retriable'])
  })

  it.each<[string, FaultPlan | Error, string[], string[]]>([
    ['answers an error', new Error('planned'), ['b'], ['a! Error: planned', 'b: B']],
    ['loses the request', { outcome: 'lose-request' }, [], ['closed', 'a! CONNECTION_LOST retriable', 'b! CONNECTION_LOST retriable']],
    ['loses the answer', { outcome: 'lose-answer' }, ['a'], ['closed', 'a! CONNECTION_LOST retriable', 'b! CONNECTION_LOST retriable']],
    ['closes before', { outcome: 'close-before' }, [], ['closed', 'a! CONNECTION_LOST retriable', 'b! CONNECTION_LOST retriable']],
    ['closes instead', { outcome: 'close-instead' }, ['a'], ['closed', 'a! CONNECTION_LOST retriable', 'b! CONNECTION_LOST retriable']],
    ['answers, then closes', { outcome: 'answer-then-close' }, ['a'], ['closed', 'a: A', 'b! CONNECTION_LOST retriable']],
    ['lets it arrive twice', { outcome: 'twice' }, ['a', 'a', 'b'], ['a: A', 'b: B']],
    ['delays it and its answer', { beforeMs: 10, afterMs: 20 }, ['a', 'b'], ['a: A', 'b: B']],
  ])('%s', async (_what, plan, arrived, answered) => {
    const world = laneWorld({ a: plan })
    world.ask('a', 100)
    world.ask('b', 100)
    await world.clock.advance(100)
    expect([world.arrived, world.answered]).toEqual([arrived, answered])
    expect(world.clock.pending()).toBe(0)
  })

  it.each(['bad', ' bad'])('passes on what the broker throws at a request that went amiss (%j)', async (request) => {
    const { ask, answered, clock } = laneWorld({ [request]: { beforeMs: 1, outcome: 'twice' } })
    ask(request)
    ask('a')
    await clock.advance(1)
    expect(answered).toEqual([expect.stringContaining(`${request}! Error`), 'a: A'])
  })

  it('delays as long as it was told', async () => {
    const { ask, arrived, answered, clock } = laneWorld({ a: { beforeMs: 10, afterMs: 20 } })
    ask('a')
    await clock.advance(9)
    expect(arrived).toEqual([])
    await clock.advance(1)
    expect([arrived, answered]).toEqual([['a'], []])
    await clock.advance(20)
    expect(answered).toEqual(['a: A'])
  })

  it('lets a delayed request arrive though its lane is closed', async () => {
    const { ask, arrived, answered, clock, lane } = laneWorld({ a: { beforeMs: 10 } })
    ask('a')
    lane.close()
    await clock.advance(10)
    expect([arrived, answered]).toEqual([['a'], ['closed', 'a! CONNECTION_LOST retriable']])
  })
})
