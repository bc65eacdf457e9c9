/**
 * A process of its own for tests that kill it: counts words by key and writes every count out. It prints a line of JSON for each thing that happens.
 * Arguments: brokers, application id, state directory, engine, session timeout in ms.
 */
import { KafkaStreams, serdes, StreamsBuilder, topic } from '../../src/index.ts'

const [brokers = '', applicationId = '', stateDir = '', engine = 'rocksdb', session = '3000'] = process.argv.slice(2)
const sessionTimeoutMs = Number(session)

const words = topic(`${applicationId}-words`, { key: serdes.string, value: serdes.string })
const counts = topic(`${applicationId}-counts`, { key: serdes.string, value: serdes.long })

const builder = new StreamsBuilder()
builder.stream(words).groupByKey().count({ store: 'counts' }).toStream().to(counts)

const tell = (event: object): void => console.log(JSON.stringify(event))
const line = (level: string) => (_fields: object, message: string) => tell({ event: 'log', level, message })
const app = new KafkaStreams(builder.build(), {
  applicationId,
  brokers,
  stateDir,
  engine: engine === 'level' ? 'level' : 'rocksdb',
  commitIntervalMs: 200,
  sessionTimeoutMs,
  // As the defaults are to each other.
  heartbeatIntervalMs: sessionTimeoutMs / 15,
  lingerMs: 5,
  logger: { debug: () => undefined, info: line('info'), warn: line('warn'), error: line('error') },
})
app.on('state', ({ state }) => tell({ event: 'state', state }))
app.on('error', ({ error }) => tell({ event: 'error', code: error.code, message: error.message }))
app.on('rebalance', (event) => tell({ event: 'rebalance', ...event }))
app.on('restore', (event) => tell({ event: 'restore', ...event }))
app.on('task', (event) => tell({ event: 'task', ...event }))
process.on('SIGTERM', () => void stop())
async function stop(): Promise<void> {
  const { clean } = await app.close()
  tell({ event: 'closed', clean })
  process.exit(clean ? 0 : 1)
}
setInterval(() => tell({ event: 'tasks', at: Date.now(), tasks: app.tasks().map(({ id }) => id) }), 200).unref()
await app.start()
