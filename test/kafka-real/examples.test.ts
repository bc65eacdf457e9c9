import { expect, test } from 'vitest'
import { examples, expectedOf, runExample } from '../support/run-example.ts'
import { describeWithKafka } from '../support/kafka/with-kafka.ts'

describeWithKafka('on a real Kafka', (kafka) => {
  // The second run finds what the first one left.
  for (const run of ['first', 'second'])
    test.each(examples)(`%s prints what it prints without one, the ${run} time`, { timeout: 120_000 }, (name) => {
      const { stdout, stderr, status } = runExample(name, { KAFKA_BROKERS: kafka().brokers.join(',') })
      expect({ stdout, stderr, status }).toEqual({ stdout: expectedOf(name), stderr: '', status: 0 })
    })

  test.each(['first', 'second'])('the demo ends by itself, the %s time with its own orders only', { timeout: 120_000 }, () => {
    const started = new Date().toISOString().slice(11, 18)
    const { stdout, stderr, status } = runExample('demo.ts', { KAFKA_BROKERS: kafka().brokers.join(','), MILLRACE_DEMO_MS: '1500' })
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    const times = [...stdout.matchAll(/^(\d\d:\d\d:\d)\d  \S+ +\d+ orders +\d+\.\d\d €$/gm)].map(([, time]) => time ?? '')
    expect(times.length).toBeGreaterThan(3)
    // Windows begin every ten seconds; midnight may have passed.
    for (const time of times) expect(time >= started || started.startsWith('23:59')).toBe(true)
    expect(stdout).toContain('npm run example 05')
  })
})
