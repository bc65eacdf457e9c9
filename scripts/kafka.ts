/**
 * `npm run kafka [-- --port N] [--brokers 3] [--version 3.3.2]`: a real Kafka on this machine for trying things, until Ctrl-C. Its data goes with it.
 * The first run of a version fetches its jars by Maven.
 */
import { parseArgs } from 'node:util'
import { missingKafka } from '../test/support/kafka/jars.ts'
import { startKafka, type KafkaVersion } from '../test/support/kafka/start-kafka.ts'

const VERSIONS: readonly KafkaVersion[] = ['4.3.1', '3.3.2', '2.8.2']

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '9092' },
    brokers: { type: 'string', default: '1' },
    version: { type: 'string', default: '4.3.1' },
  },
})

process.exitCode = await main()

async function main(): Promise<number> {
  const version = VERSIONS.find((known) => known === values.version)
  if (version === undefined) return fail(`there is no Kafka ${values.version} here: ${VERSIONS.join(', ')}`)
  const missing = missingKafka(version)
  if (missing !== undefined) return fail(missing.replace('skipped: ', ''))
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  console.log(`Kafka ${version} starts …`)
  let kafka
  try {
    kafka = await startKafka({ version, brokers: values.brokers === '3' ? 3 : 1, port: Number(values.port) })
  } catch (error) {
    const taken = /Address already in use/i.test(String(error))
    return fail(taken ? `port ${values.port} is taken: choose another with --port` : String(error))
  }
  console.log(`KAFKA_BROKERS=${kafka.brokers.map((broker) => broker.replace('127.0.0.1', 'localhost')).join(',')}`)
  console.log('Ctrl-C ends it and removes its data.')
  await stopped
  await kafka.close()
  return 0
}

function fail(why: string): number {
  console.error(why)
  return 1
}
