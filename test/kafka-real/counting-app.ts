/**
 * A process of its own for tests that kill it: counts words by key and writes every count out. It prints a line of JSON for each thing that happens.
 * Arguments: brokers, application id, state directory, engine.
 */
import { KafkaStreams, serdes, StreamsBuilder, topic } from '../../src/index.ts'

const [brokers = '', applicationId = '', stateDir = '', engine = 'rocksdb'] = process.argv.slice(2)

const words = topic(`${applicationId}-words`, { key: serdes.string, value: serdes.string })
const counts = topic(`${applicationId}-counts`, { key: serdes.string, value: serdes.long })

const builder = new StreamsBuilder()
builder.stream(words).groupByKey().count({ store: 'counts' }).toStream().to(counts)

const app = new KafkaStreams(builder.build(), {
  applicationId,
  brokers,
  stateDir,
  engine: engine === 'level' ? 'level' : 'rocksdb',
  commitIntervalMs: 200,
  sessionTimeoutMs: 3_000,
  heartbeatIntervalMs: 300,
  lingerMs: 5,
  logger: false,
})
const tell = (event: object): void => console.log(JSON.stringify(event))
app.on('state', ({ state }) => tell({ event: 'state', state }))
app.on('error', ({ error }) => tell({ event: 'error', code: error.code, message: error.message }))
app.on('rebalance', ({ at, generation, durationMs, assigned, revoked, restoredRecords }) =>
  tell({ event: 'rebalance', at, generation, durationMs, assigned, revoked, restoredRecords }),
)
app.on('restore', ({ taskId, phase, restored, total }) => tell({ event: 'restore', taskId, phase, restored, total }))
process.on('SIGTERM', () => void stop())
async function stop(): Promise<void> {
  const { clean } = await app.close()
  tell({ event: 'closed', clean })
  process.exit(clean ? 0 : 1)
}
setInterval(() => tell({ event: 'tasks', at: Date.now(), tasks: app.tasks().map(({ id }) => id) }), 200).unref()
await app.start()
