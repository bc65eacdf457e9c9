import { describe, expect, it } from 'vitest'
import { CODE } from '../../src/memory/codes.ts'
import { LIST_OFFSETS, OFFSET_FOR_LEADER_EPOCH, type EpochEndOffset, type ListedOffset } from '../../src/wire/api/list-offsets.ts'
import { DELETE_RECORDS } from '../../src/wire/api/topics.ts'
import { batchOf, makeWorld, numbered, START, type World } from './world.ts'

async function listed({ ask }: World, timestamp: number, currentLeaderEpoch = -1): Promise<ListedOffset> {
  const topics = [{ topic: 't', partitions: [{ partition: 0, currentLeaderEpoch, timestamp }] }]
  return (await ask(LIST_OFFSETS, { isolation: 'read_uncommitted', topics })).topics[0]!.partitions[0]!
}

async function epochEnd({ ask }: World, leaderEpoch: number, currentLeaderEpoch = -1): Promise<EpochEndOffset> {
  const topics = [{ topic: 't', partitions: [{ partition: 0, currentLeaderEpoch, leaderEpoch }] }]
  return (await ask(OFFSET_FOR_LEADER_EPOCH, { topics })).topics[0]!.partitions[0]!
}

async function deleted({ ask }: World, offset: number): Promise<readonly [errorCode: number, lowWatermark: number]> {
  const answer = await ask(DELETE_RECORDS, { topics: [{ topic: 't', partitions: [{ partition: 0, offset }] }], timeoutMs: 1000 })
  const { errorCode, lowWatermark } = answer.topics[0]!.partitions[0]!
  return [errorCode, lowWatermark]
}

function timed(configs: Readonly<Record<string, string>> = {}): World {
  const world = makeWorld()
  world.cluster.createTopic('t', { configs })
  for (const times of [[10, 20], [50], [30, 40, 30]]) world.cluster.append('t', 0, batchOf(times.map((time) => ['k', 'v', START + time])))
  return world
}

describe('ListOffsets', () => {
  it('answers end and start', async () => {
    const world = timed()
    expect(await listed(world, -1)).toEqual({ partition: 0, errorCode: CODE.NONE, timestamp: -1, offset: 6, leaderEpoch: 0 })
    expect(await listed(world, -2)).toMatchObject({ timestamp: -1, offset: 0 })
  })

  it.each([
    [0, 0, 10],
    [11, 1, 20],
    [21, 2, 50],
    [50, 2, 50],
  ])('answers the first record at or after %d ms', async (time, offset, found) => {
    expect(await listed(timed(), START + time)).toMatchObject({ errorCode: CODE.NONE, offset, timestamp: START + found })
  })

  it('answers −1 when nothing is that late', async () => {
    expect(await listed(timed(), START + 51)).toEqual({ partition: 0, errorCode: CODE.NONE, timestamp: -1, offset: -1, leaderEpoch: -1 })
  })

  it('answers the record with the newest timestamp', async () => {
    const world = timed()
    expect(await listed(world, -3)).toMatchObject({ offset: 2, timestamp: START + 50 })
    world.cluster.topic('t')!.partitions[0]!.log.truncateTo(3)
    expect(await listed(world, -3)).toMatchObject({ offset: 4, timestamp: START + 40 })
  })

  it('doesn’t find what was deleted, or is behind the high watermark', async () => {
    const world = timed()
    world.cluster.topic('t')!.partitions[0]!.log.truncateTo(1)
    expect(await listed(world, START)).toMatchObject({ offset: 1 })
    world.cluster.holdHighWatermark('t', 0, 2)
    expect(await listed(world, START + 21)).toMatchObject({ offset: -1 })
    expect(await listed(world, -1)).toMatchObject({ offset: 2 })
  })

  it('checks the leader epoch', async () => {
    const world = timed()
    world.cluster.moveLeader('t', 0)
    expect(await listed(world, -1, 0)).toMatchObject({ errorCode: CODE.FENCED_LEADER_EPOCH, offset: -1 })
    expect(await listed(world, -1, 2)).toMatchObject({ errorCode: CODE.UNKNOWN_LEADER_EPOCH })
    expect(await listed(world, -1, 1)).toMatchObject({ offset: 6, leaderEpoch: 1 })
  })
})

describe('OffsetForLeaderEpoch', () => {
  it('tells a reader that the log was cut off behind its back', async () => {
    const world = timed()
    world.cluster.moveLeader('t', 0, { loseFrom: 4 })
    world.cluster.append('t', 0, numbered(5))
    expect(await epochEnd(world, 0)).toEqual({ partition: 0, errorCode: CODE.NONE, leaderEpoch: 0, endOffset: 3 })
    expect(await epochEnd(world, 1)).toMatchObject({ leaderEpoch: 1, endOffset: 8 })
    expect(await epochEnd(world, 1, 0)).toMatchObject({ errorCode: CODE.FENCED_LEADER_EPOCH })
  })
})

describe('DeleteRecords', () => {
  it('moves the start up to an offset, −1 to the end, and never down', async () => {
    const world = timed()
    expect(await deleted(world, 2)).toEqual([CODE.NONE, 2])
    expect(await deleted(world, 1)).toEqual([CODE.NONE, 2])
    expect(await deleted(world, -1)).toEqual([CODE.NONE, 6])
    expect(await listed(world, -2)).toMatchObject({ offset: 6 })
  })

  it.each([
    ['delete', 7, CODE.OFFSET_OUT_OF_RANGE],
    ['delete', -2, CODE.OFFSET_OUT_OF_RANGE],
    ['compact', 2, CODE.POLICY_VIOLATION],
    ['compact,delete', 2, CODE.NONE],
  ])('answers for policy %s and offset %d', async (policy, offset, errorCode) => {
    expect(await deleted(timed({ 'cleanup.policy': policy }), offset)).toEqual([errorCode, errorCode === CODE.NONE ? offset : -1])
  })

  it('goes no further than the high watermark', async () => {
    const world = timed()
    world.cluster.holdHighWatermark('t', 0, 3)
    expect(await deleted(world, 4)).toEqual([CODE.OFFSET_OUT_OF_RANGE, -1])
    expect(await deleted(world, -1)).toEqual([CODE.NONE, 3])
  })
})
