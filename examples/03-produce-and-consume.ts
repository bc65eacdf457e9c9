// Plain messages: keys decide partitions, headers travel along, and two instances of one group share the work; who joins takes over a part.
import { KafkaStreams, openTopics, serdes, StreamsBuilder, topic } from 'millrace'
import { thisRun } from './data/this-run.ts'

const messages = topic(`messages-${thisRun}`, { key: serdes.string, value: serdes.string })

const topics = await openTopics()
await topics.createTopic(messages.name, { partitions: 3 })
await topics.produce(messages, [
  { key: 'ada', value: 'hello' },
  { key: 'kurt', value: 'good evening' },
  { key: 'ada', value: 'how are you?', headers: [['language', new TextEncoder().encode('en')]] },
  { value: 'to whom it may concern', partition: 2 },
])

console.log('What is in the topic, by partition and offset:')
const found = []
for await (const record of topics.read(messages, { quietMs: 300 })) found.push(record)
for (const { partition, offset, key, value, headers } of found.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset)) {
  const note = headers.map(([name, bytes]) => `  (${name}: ${new TextDecoder().decode(bytes ?? undefined)})`).join('')
  console.log(`  messages[${partition}]@${offset}  ${(key ?? '-').padEnd(5)} ${value}${note}`)
}

// A consumer is a topology that ends in forEach; the application id is its group.
const received: string[] = []
function consumer(): KafkaStreams {
  const builder = new StreamsBuilder()
  builder.stream(messages).forEach((text, key) => received.push(`${key}: ${text}`))
  return new KafkaStreams(builder.build(), { applicationId: `readers-${thisRun}`, commitIntervalMs: 100 })
}

const first = consumer()
await first.start()
await until(() => received.length >= 4)
console.log(`One instance has ${first.tasks().length} of 3 partitions and read ${received.length} messages.`)

const second = consumer()
await second.start()
await until(() => first.tasks().length + second.tasks().length === 3 && second.tasks().length > 0)
const shares = [first, second].map((app) => app.tasks().length).toSorted((a, b) => a - b)
console.log(`Two instances have ${shares.join(' and ')}.`)

await first.close()
await until(() => second.tasks().length === 3)
await topics.produce(messages, { key: 'emmy', value: 'who is still here?' })
await until(() => received.length >= 5)
console.log(`The second one has all ${second.tasks().length} and read on where the first one stopped: ${received[4]}`)
await second.close()
await topics.close()

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20))
}
