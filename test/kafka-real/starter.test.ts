/** The starter of Kafkas itself: what tests on a real Kafka lean on. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { describeWithKafka } from '../support/kafka/with-kafka.ts'

const TOPICS = 'org.apache.kafka.tools.TopicCommand'
const PRODUCER = 'org.apache.kafka.tools.ConsoleProducer'
const CONSUMER = 'org.apache.kafka.tools.consumer.ConsoleConsumer'

describeWithKafka('a started Kafka', (kafka) => {
  const at = (): string[] => ['--bootstrap-server', kafka().brokers[0]!]

  it('runs Kafka’s tools, and keeps its records when it is killed and started again', async () => {
    await kafka().tool(TOPICS, [...at(), '--create', '--topic', 'lines'])
    await kafka().tool(PRODUCER, [...at(), '--topic', 'lines'], 'one\ntwo\n')
    const before = kafka().pid(1)
    await kafka().kill(1)
    expect(alive(before)).toBe(false)
    await kafka().restart(1)
    expect(kafka().pid(1)).not.toBe(before)
    const read = await kafka().tool(CONSUMER, [...at(), '--topic', 'lines', '--from-beginning', '--max-messages', '2'])
    expect(read).toBe('one\ntwo\n')
  }, 60_000)

  it('says what a tool complained about', async () => {
    await expect(kafka().tool(TOPICS, [...at(), '--delete', '--topic', 'nowhere'])).rejects.toThrow('nowhere')
  })
})

describeWithKafka('a program that starts a Kafka', () => {
  it.each(['SIGINT', 'SIGKILL'] as const)(
    'takes its brokers and their data along when it gets %s',
    async (signal) => {
      const program = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'starts-kafka.ts')], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const [line] = (await once(program.stdout, 'data')) as [Buffer]
      const { pid, folder } = JSON.parse(line.toString()) as { pid: number; folder: string }
      expect([alive(pid), existsSync(folder)]).toEqual([true, true])
      program.kill(signal)
      await expect.poll(() => alive(pid), { timeout: 5_000 }).toBe(false)
      await expect.poll(() => existsSync(folder), { timeout: 5_000 }).toBe(false)
    },
    60_000,
  )
})

describeWithKafka(
  'three brokers',
  (kafka) => {
    it('keep three replicas, and go on when one is killed', async () => {
      const at = ['--bootstrap-server', kafka().brokers.join(',')]
      await kafka().tool(TOPICS, [...at, '--create', '--topic', 'lines'])
      expect(await kafka().tool(TOPICS, [...at, '--describe', '--topic', 'lines'])).toMatch(
        /ReplicationFactor: 3\b.*min\.insync\.replicas=2/,
      )
      await kafka().kill(3)
      await kafka().tool(PRODUCER, [...at, '--topic', 'lines', '--command-property', 'acks=all'], 'one\n')
      const read = await kafka().tool(CONSUMER, [...at, '--topic', 'lines', '--from-beginning', '--max-messages', '1'])
      expect(read).toBe('one\n')
    }, 120_000)
  },
  { brokers: 3 },
)

// The versions of Fetch that a broker of each version knows.
for (const [version, fetch] of [
  ['3.3.2', 'Fetch(1): 0 to 13'],
  ['2.8.2', 'Fetch(1): 0 to 12'],
] as const) {
  describeWithKafka(
    `Kafka ${version}`,
    (kafka) => {
      it('answers as that version does', async () => {
        const versions = await kafka().tool('kafka.admin.BrokerApiVersionsCommand', ['--bootstrap-server', kafka().brokers[0]!])
        expect(versions).toContain(fetch)
      }, 60_000)
    },
    { version },
  )
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
