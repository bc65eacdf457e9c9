/** Suites that need a real Kafka: one broker for all tests of a suite. Where there can be none they say so, or fail with MILLRACE_KAFKA=required. */
import { afterAll, beforeAll, describe, test } from 'vitest'
import { missingKafka } from './jars.ts'
import { startKafka, type KafkaOptions, type RunningKafka } from './start-kafka.ts'

/** A suite over a Kafka that is there when its tests run. */
export function describeWithKafka(name: string, suite: (kafka: () => RunningKafka) => void, options: KafkaOptions = {}): void {
  const missing = missingKafka(options.version)
  if (missing !== undefined) {
    if (process.env['MILLRACE_KAFKA'] === 'required') {
      test(`${name} needs a Kafka`, () => {
        throw new Error(missing)
      })
      return
    }
    console.log(missing)
    describe.skip(name, () => test(missing, () => undefined))
    return
  }
  // The first requests to a coordinator that was started a second ago take their time.
  describe(name, { timeout: 60_000 }, () => {
    let kafka: RunningKafka | undefined
    beforeAll(async () => {
      kafka = await startKafka(options)
    }, 300_000)
    afterAll(async () => {
      await kafka?.close()
    }, 60_000)
    suite(() => kafka!)
  })
}
