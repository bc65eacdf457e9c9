// Counts words: of the text that ships with it, or of what you pipe in (`echo "to be or not to be" | npm run example 01`).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { KafkaStreams, openTopics, serdes, StreamsBuilder, topic } from 'millrace'
import { thisRun } from './data/this-run.ts'

const sentences = topic(`sentences-${thisRun}`, { key: serdes.string, value: serdes.string })
const wordCounts = topic(`word-counts-${thisRun}`, { key: serdes.string, value: serdes.long })

const builder = new StreamsBuilder()
builder
  .stream(sentences)
  .flatMapValues((line) => line.toLowerCase().split(/\W+/).filter(Boolean))
  .groupBy((word) => word, { key: serdes.string, value: serdes.string, name: 'words' })
  .count({ store: 'counts' })
  .toStream()
  .to(wordCounts)

const piped = process.stdin.isTTY ? '' : readFileSync(0, 'utf8')
const text = piped === '' ? readFileSync(join(import.meta.dirname, 'data/sentences.txt'), 'utf8') : piped
const topics = await openTopics()
for (const { name } of [sentences, wordCounts]) await topics.createTopic(name)
await topics.produce(
  sentences,
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => ({ value: line })),
)

const app = new KafkaStreams(builder.build(), { applicationId: `word-count-${thisRun}` })
await app.start()

const counts = new Map<string, number>()
for await (const { key, value } of topics.read(wordCounts, { quietMs: 500, waitMs: 20_000 })) counts.set(key ?? '', value ?? 0)
const top = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, 10)
for (const [word, count] of top) console.log(`${String(count).padStart(4)}  ${word}`)
await app.close()
await topics.close()
