import { describe, expect, it } from 'vitest'
import type { Lane } from '../../src/kafka/lane.ts'
import { CODE } from '../../src/memory/codes.ts'
import { FETCH, type FetchRequest, type FetchResponse } from '../../src/wire/api/fetch.ts'
import { readAll } from '../wire/reading.ts'
import { batchOf, fetchRequest, makeWorld, numbered, settled, type World } from './world.ts'

function withTopic(options: Parameters<typeof makeWorld>[0] = {}): World {
  const world = makeWorld(options)
  world.cluster.createTopic('t', { partitions: 2 })
  return world
}

/** A fetch that may wait, and what it has answered so far. */
async function waiting(
  { cluster }: World,
  request: FetchRequest,
): Promise<{ readonly lane: Lane; readonly answer: () => FetchResponse | undefined }> {
  const lane = await cluster.lane({ host: 'memory', port: 1 }, 'fetch:main')
  let answer: FetchResponse | undefined
  void lane.request(FETCH, request).then((found) => (answer = found))
  await settled()
  return { lane, answer: () => answer }
}

const values = (bytes: Uint8Array): string[] => readAll(bytes).map(({ value }) => new TextDecoder().decode(value ?? undefined))
const ofTwo = (more: Partial<FetchRequest> = {}): FetchRequest => ({
  ...fetchRequest('t', 0),
  topics: [
    { topic: 't', partitions: [0, 1].map((partition) => ({ partition, currentLeaderEpoch: -1, fetchOffset: 0, maxBytes: 1_000_000 })) },
  ],
  ...more,
})

describe('Fetches', () => {
  it('answers whole batches and where the log begins and ends', async () => {
    const { cluster, fetch } = withTopic()
    for (let i = 0; i < 3; i++) cluster.append('t', 0, numbered(2))
    const answer = await fetch('t', 3)
    expect(answer).toMatchObject({ errorCode: CODE.NONE, highWatermark: 6, lastStableOffset: 6, logStartOffset: 0, aborted: [] })
    expect(readAll(answer.records).map(({ offset }) => offset)).toEqual([2, 3, 4, 5])
    expect((await fetch('t', 6)).records).toHaveLength(0)
  })

  it.each([-1, 7, 1])('answers OFFSET_OUT_OF_RANGE for %d, outside of the log', async (offset) => {
    const { cluster, fetch } = withTopic()
    cluster.append('t', 0, numbered(6))
    cluster.topic('t')!.partitions[0]!.log.truncateTo(2)
    expect(await fetch('t', offset)).toMatchObject({ errorCode: CODE.OFFSET_OUT_OF_RANGE, highWatermark: -1 })
    expect(await fetch('t', 2)).toMatchObject({ errorCode: CODE.NONE, logStartOffset: 2 })
  })

  it('answers for what isn’t there, isn’t led, or is led in another epoch', async () => {
    const { cluster, fetch } = withTopic({ brokers: 2 })
    expect(await fetch('u', 0)).toMatchObject({ errorCode: CODE.UNKNOWN_TOPIC_OR_PARTITION })
    expect(await fetch('t', 0, { node: 2 })).toMatchObject({ errorCode: CODE.NOT_LEADER_OR_FOLLOWER })
    expect(await fetch('t', 0, { currentLeaderEpoch: 1 })).toMatchObject({ errorCode: CODE.UNKNOWN_LEADER_EPOCH })
    cluster.moveLeader('t', 0)
    expect(await fetch('t', 0, { currentLeaderEpoch: 0 })).toMatchObject({ errorCode: CODE.FENCED_LEADER_EPOCH })
    expect(await fetch('t', 0, { currentLeaderEpoch: 1 })).toMatchObject({ errorCode: CODE.NONE })
  })

  it('gives the first batch though it is larger than the limits, and no other', async () => {
    const { cluster, ask } = withTopic()
    for (const partition of [0, 1]) for (let i = 0; i < 2; i++) cluster.append('t', partition, batchOf([['k', `${partition}${i}`]]))
    const answered = async (maxBytes: number): Promise<string[][]> =>
      (await ask(FETCH, ofTwo({ maxBytes }))).topics[0]!.partitions.map(({ records }) => values(records))
    const { length } = batchOf([['k', '00']])
    expect(await answered(1)).toEqual([['00'], []])
    expect(await answered(3 * length)).toEqual([['00', '01'], ['10']])
    expect(await answered(100 * length)).toEqual([
      ['00', '01'],
      ['10', '11'],
    ])
  })

  it('cuts the last batch off where it was told to behave so', async () => {
    const { cluster, fetch } = withTopic({ cutBatches: true })
    for (let i = 0; i < 3; i++) cluster.append('t', 0, numbered(2))
    const { length } = numbered(2)
    const { records } = await fetch('t', 0, { maxBytes: 2 * length + 10 })
    expect(records).toHaveLength(2 * length + 10)
    expect(readAll(records)).toHaveLength(4)
  })

  it('parks at the end of the log and answers at once when something is appended', async () => {
    const world = withTopic()
    const { answer } = await waiting(world, ofTwo({ maxWaitMs: 500 }))
    await world.clock.advance(100)
    expect(answer()).toBeUndefined()
    world.cluster.append('t', 1, numbered(1))
    await settled()
    expect(values(answer()!.topics[0]!.partitions[1]!.records)).toEqual(['v0'])
    expect(world.clock.pending()).toBe(0)
  })

  it('answers empty when its wait is over', async () => {
    const world = withTopic()
    const { answer } = await waiting(world, fetchRequest('t', 0, { maxWaitMs: 500 }))
    await world.clock.advance(499)
    expect(answer()).toBeUndefined()
    await world.clock.advance(1)
    expect(answer()?.topics[0]?.partitions[0]).toMatchObject({ errorCode: CODE.NONE, records: new Uint8Array(0) })
  })

  it('waits for as many bytes as were asked for, over all partitions', async () => {
    const world = withTopic()
    const { length } = numbered(1)
    const { answer } = await waiting(world, ofTwo({ maxWaitMs: 500, minBytes: 2 * length }))
    world.cluster.append('t', 0, numbered(1))
    await settled()
    expect(answer()).toBeUndefined()
    world.cluster.append('t', 1, numbered(1))
    await settled()
    expect(answer()?.topics[0]?.partitions.map(({ records }) => records.length)).toEqual([length, length])
  })

  it.each([
    ['the topic is deleted', (world: World) => world.cluster.deleteTopic('t'), CODE.UNKNOWN_TOPIC_OR_PARTITION],
    ['the leader moves', (world: World) => world.cluster.moveLeader('t', 0, { node: 2 }), CODE.NOT_LEADER_OR_FOLLOWER],
    ['the log loses what was read', (world: World) => world.cluster.moveLeader('t', 0, { loseFrom: 0 }), CODE.OFFSET_OUT_OF_RANGE],
  ])('answers a parked fetch when %s', async (_what, happens, errorCode) => {
    const world = withTopic({ brokers: 2 })
    world.cluster.append('t', 0, numbered(1))
    const { answer } = await waiting(world, fetchRequest('t', 1, { maxWaitMs: 500 }))
    happens(world)
    await settled()
    expect(answer()?.topics[0]?.partitions[0]).toMatchObject({ errorCode })
  })

  it('shows nothing behind a held high watermark, and wakes when it is let go', async () => {
    const world = withTopic()
    world.cluster.append('t', 0, numbered(1))
    world.cluster.holdHighWatermark('t', 0, 1)
    world.cluster.append('t', 0, numbered(1))
    expect(readAll((await world.fetch('t', 0)).records)).toHaveLength(1)
    const { answer } = await waiting(world, fetchRequest('t', 1, { maxWaitMs: 500 }))
    expect(answer()).toBeUndefined()
    world.cluster.holdHighWatermark('t', 0, undefined)
    await settled()
    expect(readAll(answer()!.topics[0]!.partitions[0]!.records)).toHaveLength(1)
  })

  it('doesn’t hold up another lane', async () => {
    const world = withTopic()
    await waiting(world, fetchRequest('t', 0, { maxWaitMs: 500 }))
    expect(await world.fetch('t', 0)).toMatchObject({ errorCode: CODE.NONE })
  })
})
