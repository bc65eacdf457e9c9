/** Pass-through by hand with kafkajs, each batch read sent as a batch: the floor of a program that uses no library of streams. */
import { Kafka, logLevel } from 'kafkajs'
import { assignment, report } from './client.ts'
import { Meter } from './meter.ts'
import { isWorkload, inputs } from './workloads.ts'

const { workload, brokers, brokerPid, records, steps, output, applicationId } = assignment()
if (!isWorkload(workload)) throw new Error(`there is no workload ${workload}`)
const kafka = new Kafka({ brokers: [...brokers], clientId: 'bench', logLevel: logLevel.NOTHING })
const producer = kafka.producer({ allowAutoTopicCreation: false })
const consumer = kafka.consumer({ groupId: applicationId, maxWaitTimeInMs: 100 })
await producer.connect()
await consumer.connect()
await consumer.subscribe({ topics: [inputs[workload].topic], fromBeginning: true })
let meter: Meter | undefined
let done = 0
const finished = new Promise<void>((resolve) => {
  consumer.on(consumer.events.GROUP_JOIN, () => {
    meter = new Meter(records, steps, brokerPid)
  })
  void consumer.run({
    autoCommitInterval: 5_000,
    partitionsConsumedConcurrently: 4,
    eachBatch: async ({ batch }) => {
      const messages = batch.messages.map(({ key, value, timestamp }) => ({ key, value, timestamp }))
      await producer.sendBatch({ acks: -1, topicMessages: [{ topic: output, messages }] })
      done += messages.length
      if (meter!.at(done)) resolve()
    },
  })
})
await finished
await consumer.disconnect()
await producer.disconnect()
report(meter!.end())
process.exit(0)
