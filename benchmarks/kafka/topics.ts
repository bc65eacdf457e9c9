/** The topics of a benchmark, through a client that is neither of the systems measured. */
import { Kafka, logLevel, type Admin } from 'kafkajs'

/** Partitions of every topic. */
export const PARTITIONS = 4

/** Does something as an administrator. */
export async function administer<Out>(brokers: readonly string[], work: (admin: Admin) => Promise<Out>): Promise<Out> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}

/** Makes a topic that keeps everything, in place of one that may be there. */
export async function recreate(admin: Admin, topic: string): Promise<void> {
  if ((await admin.listTopics()).includes(topic)) await admin.deleteTopics({ topics: [topic] })
  const configEntries = [
    { name: 'retention.ms', value: '-1' },
    { name: 'retention.bytes', value: '-1' },
  ]
  // The deletion takes effect some time after its answer.
  for (let attempt = 1; ; attempt++) {
    try {
      await admin.createTopics({
        topics: [{ topic, numPartitions: PARTITIONS, replicationFactor: 1, configEntries }],
        waitForLeaders: true,
      })
      return
    } catch (error) {
      if (attempt === 50) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

/** Removes the topics and the group that an application left. */
export async function forget(admin: Admin, applicationId: string): Promise<void> {
  const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(`${applicationId}-`))
  if (topics.length > 0) await admin.deleteTopics({ topics })
  // A member that was killed is still in it.
  await admin.deleteGroups([applicationId]).catch(() => undefined)
}
