// Testing: the test driver runs the real tasks, synchronously, with as many partitions as you like, and no broker.
import assert from 'node:assert/strict'
import { minutes, serdes, StreamsBuilder, topic, tumbling } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'

const clicks = topic('clicks', { key: serdes.string, value: serdes.string })
const counts = topic('counts', { key: serdes.timeWindowed(serdes.string, minutes(1)), value: serdes.long })

const builder = new StreamsBuilder()
builder
  .stream(clicks)
  .selectKey((page) => page, { key: serdes.string })
  .groupByKey({ name: 'by-page' })
  .windowedBy(tumbling(minutes(1)))
  .count({ store: 'clicks-per-minute' })
  .toStream()
  .to(counts)

using driver = new TopologyTestDriver(builder.build(), { partitions: 3 })
const input = driver.input(clicks)
const output = driver.output(counts)

input.send({ key: 'ada', value: '/home', timestamp: 1_000 })
input.send({ key: 'kurt', value: '/home', timestamp: 2_000 })
input.send({ key: 'ada', value: '/shop', timestamp: minutes(1) + 5 })
const seen = output.readAll().map(({ key, value }) => `${key?.key} @${key?.window.start} = ${value}`)
assert.deepEqual(seen, ['/home @0 = 1', '/home @0 = 2', '/shop @60000 = 1'])
console.log(seen.join('\n'))

// Time passes in the partition of /home, and its first minute closes: what comes late for it is dropped, and counted.
input.send({ key: 'ada', value: '/home', timestamp: minutes(2) })
input.send({ key: 'kurt', value: '/home', timestamp: 30_000 })
console.log(
  `then: ${output
    .readAll()
    .map(({ key, value }) => `${key?.key} @${key?.window.start} = ${value}`)
    .join(', ')}`,
)
console.log(`dropped as late: ${driver.dropped().get('late')}`)

// From one point a test goes several ways.
const before = driver.snapshot()
input.send({ key: 'ada', value: '/home', timestamp: minutes(2) + 1 })
const two = output.read()!
driver.restore(before)
console.log(`before that click: ${output.isEmpty()}`)

// And it tells why a result came out.
const { inputs } = driver.explain(two)
console.log(`${two.value} because of ${inputs.map(({ key, timestamp }) => `${String(key)} @${timestamp}`).join(' and ')}`)
