import { beforeEach, describe, expect, it } from 'vitest'
import type { ClusterError } from '../../src/base/errors.ts'
import { SocketLane } from '../../src/platform/socket-lane.ts'
import { HEARTBEAT } from '../../src/wire/api/group.ts'
import { PRODUCE } from '../../src/wire/api/produce.ts'
import { END_TXN, TXN_OFFSET_COMMIT } from '../../src/wire/api/txn.ts'
import { METADATA } from '../../src/wire/api/metadata.ts'
import { manualClock, settled, type ManualClock } from '../memory/world.ts'
import { failure } from '../wire/reading.ts'
import { BrokerEnd } from './broker-end.ts'

const BEAT = { groupId: 'orders', generationId: 1, memberId: 'm', groupInstanceId: null }
const VERSIONS = [
  { ApiKey: HEARTBEAT.key, MinVersion: 0, MaxVersion: 4 },
  { ApiKey: METADATA.key, MinVersion: 0, MaxVersion: 11 },
  { ApiKey: PRODUCE.key, MinVersion: 3, MaxVersion: 13 },
  { ApiKey: END_TXN.key, MinVersion: 0, MaxVersion: 5 },
  { ApiKey: TXN_OFFSET_COMMIT.key, MinVersion: 0, MaxVersion: 6 },
]

let clock: ManualClock
let broker: BrokerEnd
let lane: SocketLane

/** A lane to a broker that has been greeted. */
async function open(greeting: Record<string, unknown> = { ApiKeys: VERSIONS }): Promise<void> {
  clock = manualClock()
  broker = new BrokerEnd()
  lane = new SocketLane(broker, {
    clock,
    clientId: 'tests',
    broker: 'kafka-1:9092',
    node: 1,
    kind: 'call',
    maxFrameBytes: 10_000,
    authenticated: false,
  })
  const greeted = lane.greet('1.0.0')
  broker.answer('ApiVersions', greeting, { tagsInHeader: false })
  await greeted
}

/** What a promise is rejected with; throws when it isn't. */
async function rejection(promise: Promise<unknown>): Promise<ClusterError> {
  return promise.then(
    () => {
      throw new Error('it was answered')
    },
    (error: ClusterError) => error,
  )
}

beforeEach(() => open())

describe('requests', () => {
  it('carry their number, version, client and body, and are answered in order', async () => {
    const first = lane.request(HEARTBEAT, BEAT)
    const second = lane.request(HEARTBEAT, { ...BEAT, groupId: 'payments' })
    expect(broker.requests).toMatchObject([
      { apiKey: 12, version: 4, clientId: 'tests' },
      { apiKey: 12, version: 4, clientId: 'tests' },
    ])
    expect(broker.requests[0]!.correlation).not.toBe(broker.requests[1]!.correlation)
    broker.answer('Heartbeat', { ErrorCode: 27 })
    broker.answer('Heartbeat', { ErrorCode: 25 })
    expect((await first).errorCode).toBe(27)
    expect((await second).errorCode).toBe(25)
  })

  it('are sent in the highest version that both sides speak', () => {
    expect(lane.version(METADATA)).toBe(11)
    expect(lane.version(HEARTBEAT)).toBe(4)
  })

  it.each([
    [{}, { produce: 9, end: 3, commit: 3 }],
    [{ FinalizedFeatures: [{ Name: 'transaction.version', MaxVersionLevel: 1 }] }, { produce: 9, end: 3, commit: 3 }],
    [{ FinalizedFeatures: [{ Name: 'transaction.version', MaxVersionLevel: 2 }] }, { produce: 12, end: 5, commit: 5 }],
  ])('take part in the second version of transactions only where the cluster has it', async (features, { produce, end, commit }) => {
    await open({ ApiKeys: VERSIONS, ...features })
    expect([lane.version(PRODUCE), lane.version(END_TXN), lane.version(TXN_OFFSET_COMMIT)]).toEqual([produce, end, commit])
  })

  it('version-below-min-refused: are never sent in a version that either side doesn’t speak', async () => {
    await open({ ApiKeys: [{ ApiKey: METADATA.key, MinVersion: 0, MaxVersion: 8 }] })
    expect(failure(() => lane.version(METADATA))).toMatchObject({
      code: 'BROKER_TOO_OLD',
      message: expect.stringContaining('versions 0 to 8'),
    })
    expect((await rejection(lane.request(HEARTBEAT, BEAT))).code).toBe('BROKER_TOO_OLD')
    expect(broker.requests).toEqual([])
  })

  it('go to no broker that is too old to say what it speaks', async () => {
    broker = new BrokerEnd()
    const options = {
      clock,
      clientId: 'tests',
      broker: 'kafka-1:9092',
      node: 1,
      kind: 'call',
      maxFrameBytes: 100,
      authenticated: false,
    } as const
    const greeted = new SocketLane(broker, options).greet('1.0.0')
    const { correlation } = broker.requests[0]!
    broker.send(Uint8Array.of(0, 0, 0, correlation, 0, 35, 0, 0, 0, 0))
    expect(await rejection(greeted)).toMatchObject({ code: 'BROKER_TOO_OLD' })
  })

  it('whose answer can’t be read fail alone', async () => {
    const bad = lane.request(HEARTBEAT, BEAT)
    const good = lane.request(HEARTBEAT, BEAT)
    const { correlation } = broker.requests.shift()!
    broker.send(Uint8Array.of(0, 0, 0, correlation, 0, 1))
    expect(await rejection(bad)).toMatchObject({ code: 'RECORD_CORRUPT', message: expect.stringContaining('Heartbeat v4') })
    broker.answer('Heartbeat', {})
    expect((await good).errorCode).toBe(0)
  })
})

describe('a lane closes', () => {
  it('when a request isn’t answered in time, and with it all others', async () => {
    const slow = rejection(lane.request(HEARTBEAT, BEAT, { timeoutMs: 1000 }))
    const other = rejection(lane.request(HEARTBEAT, BEAT))
    await clock.advance(999)
    expect(broker.destroyed).toBe(false)
    await clock.advance(1)
    expect(broker.destroyed).toBe(true)
    for (const error of [await slow, await other])
      expect(error).toMatchObject({
        code: 'CONNECTION_LOST',
        retriable: true,
        message: expect.stringContaining('Heartbeat v4 for 1000 ms'),
      })
    expect(await rejection(lane.request(HEARTBEAT, BEAT))).toBe(await slow)
    expect(clock.pending()).toBe(0)
  })

  it('without a word to a late answer', async () => {
    const slow = rejection(lane.request(HEARTBEAT, BEAT, { timeoutMs: 10 }))
    await clock.advance(10)
    broker.answer('Heartbeat', {})
    expect((await slow).code).toBe('CONNECTION_LOST')
  })

  it('when the broker does, and says why', async () => {
    const answered = lane.request(HEARTBEAT, BEAT)
    broker.answer('Heartbeat', {})
    await answered
    let heard: Error | undefined
    lane.onClose((why) => {
      heard = why
    })
    broker.end('read ECONNRESET')
    expect(heard).toMatchObject({ code: 'CONNECTION_LOST', retriable: true, message: expect.stringContaining('(read ECONNRESET)') })
    expect(heard?.message).not.toContain('SASL')
  })

  it('with a hint at SASL when the broker closes at the first request of a client that it doesn’t know', async () => {
    const asked = rejection(lane.request(HEARTBEAT, BEAT))
    broker.end('it ended without a word')
    expect((await asked).message).toContain('security.sasl')
  })

  it('when an answer is for another request', async () => {
    const asked = rejection(lane.request(HEARTBEAT, BEAT))
    broker.answer('Heartbeat', {}, { correlation: 77 })
    expect(await asked).toMatchObject({ code: 'CONNECTION_LOST', message: expect.stringContaining('request 77') })
    expect(broker.destroyed).toBe(true)
  })

  it('when what comes is no answer at all', async () => {
    const asked = rejection(lane.request(HEARTBEAT, BEAT))
    broker.sendRaw(new TextEncoder().encode('HTTP/1.1 400 Bad Request'))
    expect(await asked).toMatchObject({ code: 'RECORD_CORRUPT', message: expect.stringContaining('is this a Kafka broker?') })
    expect(broker.destroyed).toBe(true)
  })

  it('tells those that ask afterwards, too', () => {
    lane.close()
    let heard: Error | undefined
    lane.onClose((why) => {
      heard = why
    })
    expect(heard).toMatchObject({ code: 'CONNECTION_LOST' })
  })

  it('after its last answer when it is retired', async () => {
    const asked = lane.request(HEARTBEAT, BEAT)
    lane.retire()
    expect(broker.destroyed).toBe(false)
    broker.answer('Heartbeat', {})
    expect((await asked).errorCode).toBe(0)
    expect(broker.destroyed).toBe(true)
  })
})

describe('a broker that asks to be left alone', () => {
  it('is, for as long as it says; what is requested meanwhile is sent then, in order', async () => {
    const throttled = lane.request(HEARTBEAT, BEAT)
    broker.answer('Heartbeat', { ThrottleTimeMs: 500 })
    await throttled
    const second = lane.request(HEARTBEAT, BEAT)
    const third = lane.request(METADATA, { topics: [], allowAutoTopicCreation: false })
    await clock.advance(499)
    expect(broker.requests).toEqual([])
    await clock.advance(1)
    expect(broker.requests.map(({ apiKey }) => apiKey)).toEqual([HEARTBEAT.key, METADATA.key])
    broker.answer('Heartbeat', { ErrorCode: 3 })
    broker.answer('Metadata', { ControllerId: 7 })
    expect((await second).errorCode).toBe(3)
    expect((await third).controllerId).toBe(7)
  })

  it('gets its answers’ time from when requests are sent', async () => {
    const throttled = lane.request(HEARTBEAT, BEAT)
    broker.answer('Heartbeat', { ThrottleTimeMs: 500 })
    await throttled
    const asked = lane.request(HEARTBEAT, BEAT, { timeoutMs: 100 })
    await clock.advance(599)
    broker.answer('Heartbeat', {})
    expect((await asked).errorCode).toBe(0)
    await settled()
    expect(clock.pending()).toBe(0)
  })
})
