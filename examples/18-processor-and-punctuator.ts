// The Processor API: a processor with a store of its own counts readings and reports every ten seconds of stream time.
import { KafkaStreams, keyValueStore, openTopics, seconds, serdes, StreamRecord, StreamsBuilder, topic, type Processor } from 'millrace'
import { thisRun } from './data/this-run.ts'

const readings = topic(`readings-${thisRun}`, { key: serdes.string, value: serdes.double })
const reports = topic(`reports-${thisRun}`, { key: serdes.string, value: serdes.string })
const highest = keyValueStore('highest', { key: serdes.string, value: serdes.double })

/** Keeps the highest reading of each sensor and forwards all of them when ten seconds have passed. */
function reporter(): Processor<string, number, string, string> {
  let keep: (sensor: string, celsius: number) => Promise<void>
  return {
    init: (context) => {
      const store = context.store(highest)
      keep = async (sensor, celsius) => {
        const before = await store.get(sensor)
        if (before === undefined || celsius > before) store.put(sensor, celsius)
      }
      context.schedule({ every: seconds(10), by: 'stream-time' }, async (now) => {
        for await (const [sensor, celsius] of store.range()) {
          await context.forward(new StreamRecord(sensor, `${celsius.toFixed(1)} °C until ${now / 1_000} s`, now))
        }
      })
    },
    process: ({ key, value }) => keep(key, value),
  }
}

const builder = new StreamsBuilder()
builder
  .stream(readings)
  .process(reporter, { stores: [highest], value: serdes.string, key: serdes.string })
  .to(reports)

const topics = await openTopics()
for (const { name } of [readings, reports]) await topics.createTopic(name)
const celsius = [18.2, 18.9, 19.4, 21.1, 20.3, 19.9, 22.4, 21.8]
await topics.produce(
  readings,
  celsius.flatMap((value, n) => [
    { key: 'cellar', value: value - 6, timestamp: n * seconds(4) },
    { key: 'roof', value, timestamp: n * seconds(4) + 1 },
  ]),
)

const app = new KafkaStreams(builder.build(), { applicationId: `highest-reading-${thisRun}` })
await app.start()
for await (const { key, value } of topics.read(reports, { quietMs: 500, waitMs: 20_000 })) console.log(`${String(key).padEnd(7)} ${value}`)
await app.close()
await topics.close()
