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

  it('ends with the program that started it, however that ends, and leaves nothing behind', async () => {
    const ended = async (signal: 'SIGINT' | 'SIGKILL'): Promise<void> => {
      const program = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'starts-kafka.ts')], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const [line] = (await once(program.stdout, 'data')) as [Buffer]
      const { pid, folder } = JSON.parse(line.toString()) as { pid: number; folder: string }
      expect([alive(pid), existsSync(folder)], signal).toEqual([true, true])
      program.kill(signal)
      await expect.poll(() => [alive(pid), existsSync(folder)], { timeout: 5_000, message: signal }).toEqual([false, false])
    }
    await Promise.all([ended('SIGINT'), ended('SIGKILL')])
  }, 60_000)
})

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
