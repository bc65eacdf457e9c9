/** Requests that no memory cluster answers yet, on a real Kafka: transactions of both versions, groups from the outside, the cluster. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/text.ts'
import type { Lane, Transport } from '../../src/kafka/lane.ts'
import type { Api } from '../../src/wire/api/api.ts'
import { DESCRIBE_CLUSTER } from '../../src/wire/api/cluster.ts'
import { OFFSET_FETCH } from '../../src/wire/api/commit.ts'
import { INIT_PRODUCER_ID, FIND_COORDINATOR, type InitProducerIdResponse } from '../../src/wire/api/coordinator.ts'
import { FETCH } from '../../src/wire/api/fetch.ts'
import { LEAVE_GROUP } from '../../src/wire/api/group.ts'
import { DELETE_GROUPS, DESCRIBE_GROUPS, LIST_GROUPS } from '../../src/wire/api/groups.ts'
import { PRODUCE } from '../../src/wire/api/produce.ts'
import { ADD_OFFSETS_TO_TXN, ADD_PARTITIONS_TO_TXN, END_TXN, TXN_OFFSET_COMMIT } from '../../src/wire/api/txn.ts'
import { STREAMS_GROUP_DESCRIBE, STREAMS_GROUP_HEARTBEAT } from '../../src/wire/api/streams-group.ts'
import { BatchWriter } from '../../src/wire/batch-writer.ts'
import { errorName } from '../../src/wire/error-table.ts'
import { BrokerClient, fresh } from '../contract/broker/broker-client.ts'
import { describeWithKafka } from '../support/kafka/with-kafka.ts'
import { DESCRIBE_PRODUCERS, DESCRIBE_TRANSACTIONS } from '../support/transaction-apis.ts'
import { transportTo } from './sockets.ts'

const NOT_YET = new Set(['COORDINATOR_LOAD_IN_PROGRESS', 'COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR', 'CONCURRENT_TRANSACTIONS'])

/** A lane to the only broker, which leads and coordinates everything. */
class OneBroker {
  readonly client: BrokerClient
  readonly #transport: Transport
  readonly #lane: Promise<Lane>

  constructor(brokers: readonly string[]) {
    this.#transport = transportTo(brokers)
    this.client = new BrokerClient({ transport: this.#transport, close: () => Promise.resolve() })
    this.#lane = this.#transport.lane(this.#transport.seeds()[0]!, 'call')
  }

  /** Asks until the answer is one that stays; answers it. */
  async ask<Q, R>(api: Api<Q, R>, request: Q, errorOf: (answer: R) => number = () => 0): Promise<R> {
    for (let tries = 0; ; tries++) {
      const answer = await (await this.#lane).request(api, request)
      if (!NOT_YET.has(errorName(errorOf(answer))) || tries > 500) return answer
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  close(): Promise<void> {
    return this.#transport.close()
  }
}

interface Txn {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

async function init(broker: OneBroker, transactionalId: string, before?: InitProducerIdResponse): Promise<Txn> {
  const { producerId = -1, producerEpoch = -1 } = before ?? {}
  await broker.ask(FIND_COORDINATOR, { keyType: 'transaction', keys: [transactionalId] }, ({ coordinators }) => coordinators[0]!.errorCode)
  const request = { transactionalId, transactionTimeoutMs: 30_000, producerId, producerEpoch }
  const answer = await broker.ask(INIT_PRODUCER_ID, request, ({ errorCode }) => errorCode)
  expect(errorName(answer.errorCode)).toBe('NONE')
  return { transactionalId, producerId: answer.producerId, producerEpoch: answer.producerEpoch }
}

async function produce(
  broker: OneBroker,
  topic: string,
  { transactionalId, ...producer }: Txn,
  value: string,
  sequence: number,
): Promise<string> {
  const writer = new BatchWriter()
  writer.append(null, utf8(value), Date.now(), undefined)
  const records = writer.seal({ ...producer, baseSequence: sequence, transactional: true })
  const topics = [{ topic, partitions: [{ partition: 0, records }] }]
  const answer = await broker.ask(
    PRODUCE,
    { transactionalId, acks: -1, timeoutMs: 5_000, topics },
    (found) => found.topics[0]!.partitions[0]!.errorCode,
  )
  return errorName(answer.topics[0]!.partitions[0]!.errorCode)
}

async function commitOffset(broker: OneBroker, txn: Txn, groupId: string, topic: string, offset: number): Promise<string> {
  const topics = [{ topic, partitions: [{ partition: 0, offset, leaderEpoch: -1, metadata: 'meta' }] }]
  const request = { ...txn, groupId, generationId: -1, memberId: '', groupInstanceId: null, topics }
  // Groups have no coordinator until somebody looks for one.
  const answer = await broker.client.toCoordinator(TXN_OFFSET_COMMIT, request, (found) => found.topics[0]!.partitions[0]!.errorCode)
  return errorName(answer.topics[0]!.partitions[0]!.errorCode)
}

/** What a transaction's state is, and whether the topic has one open. */
async function state(
  broker: OneBroker,
  transactionalId: string,
  topic: string,
): Promise<{ readonly state: string; readonly open: number }> {
  const described = await broker.ask(DESCRIBE_TRANSACTIONS, { transactionalIds: [transactionalId] })
  const { topics } = await broker.ask(DESCRIBE_PRODUCERS, { topics: [{ topic, partitions: [0] }] })
  const open = topics[0]!.partitions[0]!.producers.filter(({ currentTxnStartOffset }) => currentTxnStartOffset >= 0).length
  return { state: described.transactions[0]!.state, open }
}

async function committed(broker: OneBroker, groupId: string, topic: string): Promise<number> {
  const request = { groupId, topics: [{ topic, partitions: [0] }], requireStable: true }
  return (await broker.ask(OFFSET_FETCH, request, ({ errorCode }) => errorCode)).topics[0]!.partitions[0]!.offset
}

/** Commits one transaction and aborts another; `add` does what the first version of transactions needs. */
function transactions(broker: () => OneBroker, second: boolean): void {
  it('commits and aborts records and positions', async () => {
    const topic = await broker().client.topic()
    const groupId = fresh('group')
    let txn = await init(broker(), fresh('txn'))
    const add = async (): Promise<void> => {
      if (second) return
      const added = await broker().ask(
        ADD_PARTITIONS_TO_TXN,
        { ...txn, topics: [{ topic, partitions: [0] }] },
        ({ topics }) => topics[0]!.partitions[0]!.errorCode,
      )
      expect(added.topics).toEqual([{ topic, partitions: [{ partition: 0, errorCode: 0 }] }])
      expect((await broker().ask(ADD_OFFSETS_TO_TXN, { ...txn, groupId }, ({ errorCode }) => errorCode)).errorCode).toBe(0)
    }
    const end = async (isCommitted: boolean): Promise<void> => {
      const answer = await broker().ask(END_TXN, { ...txn, committed: isCommitted }, ({ errorCode }) => errorCode)
      expect(errorName(answer.errorCode)).toBe('NONE')
      expect(answer.producerEpoch > txn.producerEpoch).toBe(second)
      if (second) txn = { ...txn, producerId: answer.producerId, producerEpoch: answer.producerEpoch }
    }

    await add()
    expect(await produce(broker(), topic, txn, 'kept', 0)).toBe('NONE')
    expect(await commitOffset(broker(), txn, groupId, topic, 5)).toBe('NONE')
    expect(await state(broker(), txn.transactionalId, topic)).toEqual({ state: 'Ongoing', open: 1 })
    await end(true)
    await expect.poll(() => committed(broker(), groupId, topic), { timeout: 20_000 }).toBe(5)

    await add()
    // Epochs begin their numbers anew; where the epoch stays, so do they.
    expect(await produce(broker(), topic, txn, 'dropped', second ? 0 : 1)).toBe('NONE')
    expect(await commitOffset(broker(), txn, groupId, topic, 6)).toBe('NONE')
    await end(false)
    await expect.poll(() => state(broker(), txn.transactionalId, topic), { timeout: 20_000 }).toEqual({ state: 'CompleteAbort', open: 0 })
    expect(await committed(broker(), groupId, topic)).toBe(5)

    const partitions = [{ partition: 0, currentLeaderEpoch: -1, fetchOffset: 0, maxBytes: 1_000_000 }]
    const fetched = await broker().ask(FETCH, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1e6,
      isolation: 'read_committed',
      topics: [
        {
          topic,
          partitions,
        },
      ],
    })
    // A record and a marker, twice.
    expect(fetched.topics[0]!.partitions[0]).toMatchObject({
      lastStableOffset: 4,
      aborted: [{ producerId: txn.producerId, firstOffset: 2 }],
    })
  })
}

function otherwise(broker: () => OneBroker): void {
  it('says which brokers there are', async () => {
    expect(await broker().ask(DESCRIBE_CLUSTER, {})).toMatchObject({ errorCode: 0, controllerId: 1, brokers: [{ nodeId: 1 }] })
  })

  it('lists, describes and deletes groups', async () => {
    const groupId = fresh('group')
    const topic = await broker().client.topic()
    expect(await broker().client.commit(groupId, topic, {})).toBe('NONE')
    const joined = await broker().client.join(groupId)
    await broker().client.sync(groupId, joined)
    const listed = async (states: string[]): Promise<unknown> =>
      (await broker().ask(LIST_GROUPS, { states })).groups.find((group) => group.groupId === groupId)
    expect(await listed([])).toEqual({ groupId, protocolType: 'consumer', state: 'Stable' })
    expect(await listed(['Empty'])).toBeUndefined()
    const describing = await broker().ask(DESCRIBE_GROUPS, { groupIds: [groupId] })
    expect(describing.groups).toMatchObject([
      { errorCode: 0, groupId, state: 'Stable', protocolName: 'test-1', members: [{ memberId: joined.memberId, clientId: 'tests' }] },
    ])
    const deleted = async (): Promise<string> =>
      errorName((await broker().ask(DELETE_GROUPS, { groupIds: [groupId] })).groups[0]!.errorCode)
    expect(await deleted()).toBe('NON_EMPTY_GROUP')
    await broker().ask(LEAVE_GROUP, { groupId, members: [{ memberId: joined.memberId, groupInstanceId: null }] })
    expect(await deleted()).toBe('NONE')
    expect(await listed([])).toBeUndefined()
  })

  it('takes a member into a streams group', async () => {
    const groupId = fresh('streams')
    const topic = await broker().client.topic({ partitions: 2 })
    const none = {
      sourceTopicRegex: [],
      stateChangelogTopics: [],
      repartitionSinkTopics: [],
      repartitionSourceTopics: [],
      copartitionGroups: [],
    }
    const beat = {
      groupId,
      memberId: '0d4bd1b8-7b4c-4f4a-9a0e-1f6f2f9b8c11',
      memberEpoch: 0,
      endpointInformationEpoch: 0,
      instanceId: null,
      rackId: null,
      rebalanceTimeoutMs: 60_000,
      topology: { epoch: 0, subtopologies: [{ subtopologyId: '0', sourceTopics: [topic], ...none }] },
      activeTasks: [],
      standbyTasks: [],
      warmupTasks: [],
      processId: 'process-1',
      userEndpoint: { host: 'localhost', port: 65_000 },
      clientTags: { zone: 'a' },
      taskOffsets: null,
      taskEndOffsets: null,
      shutdownApplication: false,
    }
    const joined = await broker().ask(STREAMS_GROUP_HEARTBEAT, beat, ({ errorCode }) => errorCode)
    expect(joined).toMatchObject({ errorCode: 0, errorMessage: null, memberId: beat.memberId })
    expect(joined.memberEpoch).toBeGreaterThan(0)
    // Such groups wait three seconds for more members before they assign, and look again when a member is heard of.
    await expect
      .poll(
        async () => {
          await broker().ask(STREAMS_GROUP_HEARTBEAT, { ...beat, memberEpoch: joined.memberEpoch, topology: null })
          return (await broker().ask(STREAMS_GROUP_DESCRIBE, { groupIds: [groupId] })).groups[0]!.members[0]!.targetAssignment.activeTasks
        },
        { timeout: 20_000, interval: 500 },
      )
      .toEqual([{ subtopologyId: '0', partitions: [0, 1] }])
  })
}

function suite(brokers: () => readonly string[], cases: (broker: () => OneBroker) => void): void {
  let broker: OneBroker
  beforeAll(() => {
    broker = new OneBroker(brokers())
  })
  afterAll(() => broker.close())
  cases(() => broker)
}

describeWithKafka('a real Kafka', (kafka) => {
  suite(
    () => kafka().brokers,
    (broker) => {
      describe('in the second version of transactions', () => transactions(broker, true))
      otherwise(broker)
    },
  )
})

describeWithKafka(
  'a real Kafka that has the first version of transactions',
  (kafka) => {
    suite(
      () => kafka().brokers,
      (broker) => transactions(broker, false),
    )
  },
  { features: { 'transaction.version': 1 } },
)
