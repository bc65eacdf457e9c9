import { expect, test } from 'vitest'
import { GroupOffsets } from '../../src/kafka/offsets.ts'
import { beginning, committedTimes, startPositions, subtopologyOf, taskInputs } from '../../src/runtime/task-factory.ts'
import { encodeTimes } from '../../src/runtime/partition-time.ts'
import { batchOf, START } from '../memory/world.ts'
import { built, copies, texts } from '../support/shop-topics.ts'
import { clientWorld } from '../kafka/client-world.ts'

const topology = built((builder) => {
  builder.stream(texts, { startFrom: 'latest' }).to(copies)
})
const [subtopology] = topology.subtopologies

test('a task belongs to a sub-topology, or the group runs another topology', () => {
  expect(subtopologyOf('0_7', topology, 'app')).toBe(subtopology)
  expect(() => subtopologyOf('3_0', topology, 'app')).toThrow(expect.objectContaining({ code: 'TOPOLOGY_MISMATCH' }))
})

test('a task reads its partition of each topic that has so many', () => {
  const inputs = (partition: number): string[] =>
    taskInputs(subtopology!, partition, { applicationId: 'app', counts: new Map([['texts', 2]]) }).map(
      ({ tp }) => `${tp.topic}[${tp.partition}]`,
    )
  expect([inputs(1), inputs(2)]).toEqual([['texts[1]'], []])
})

test('a partition goes on where it was committed, else where its source begins', async () => {
  const world = clientWorld()
  world.cluster.createTopic('texts')
  await world.produce(
    'texts',
    batchOf([
      ['a', '1', START],
      ['b', '2', START + 10],
    ]),
  )
  const offsets = new GroupOffsets(world.client)
  const tp = { topic: 'texts', partition: 0 }
  const inputs = taskInputs(subtopology!, 0, { applicationId: 'app', counts: new Map([['texts', 1]]) })
  const found = [...(await world.drive(startPositions(inputs, { offsets, groupId: 'app', now: () => START }))).values()]
  expect(found[0]!.offset).toBe(2)
  await world.drive(
    offsets.commit([{ tp, offset: 1, metadata: encodeTimes({ partitionTime: 7, times: new Map() }) }], {
      groupId: 'app',
      generation: -1,
      memberId: '',
      instanceId: null,
    }),
  )
  const again = [...(await world.drive(startPositions(inputs, { offsets, groupId: 'app', now: () => START }))).values()]
  expect([again[0]!.offset, committedTimes(again[0]).partitionTime]).toEqual([1, 7])
  const at = (startFrom: Parameters<typeof beginning>[1]): Promise<number> =>
    world.drive(beginning(tp, startFrom, { offsets, now: () => START + 10 }))
  expect([await at('earliest'), await at('latest'), await at(5), await at(0)]).toEqual([0, 2, 1, 1])
  await expect(at('none')).rejects.toThrow(/startFrom: 'none'/)
})
