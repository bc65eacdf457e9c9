import { expect, test } from 'vitest'
import { ClusterError } from '../../src/base/errors.ts'
import { purgeRepartitions, type PurgeOptions } from '../../src/runtime/repartition-purge.ts'
import { recordedLog } from '../support/recorded-log.ts'

const read = ['texts', 'app-words-repartition', 'app-empty-repartition', 'app-fresh-repartition', 'words-repartition'].map((topic) => ({
  tp: { topic, partition: 1 },
}))
const committed: Readonly<Record<string, number>> = {
  texts: 9,
  'app-words-repartition': 7,
  'app-empty-repartition': 0,
  'words-repartition': 5,
}

async function purged(error?: Error) {
  const { logger, events } = recordedLog()
  const asked: unknown[] = []
  const options: PurgeOptions = {
    config: { applicationId: 'app' },
    topology: { repartitionTopics: ['words', 'empty', 'fresh'].map((name) => ({ name: `${name}-repartition`, partitions: undefined })) },
    logger,
    admin: {
      deleteRecords: async (below) => {
        asked.push(...below)
        if (error !== undefined) throw error
      },
    },
    committed: ({ topic }) => committed[topic],
  }
  await purgeRepartitions(read, options)
  return { asked, events }
}

test('only the application’s own repartition topics are purged, and only below what was committed', async () => {
  expect(await purged()).toEqual({ asked: [{ tp: { topic: 'app-words-repartition', partition: 1 }, offset: 7 }], events: [] })
})

test('what can’t be purged now is next time, what can’t be at all is an error', async () => {
  const { events } = await purged(new ClusterError('BROKER_NOT_READY', 'not now', { retriable: true }))
  expect(events).toMatchObject([{ level: 'warn', message: 'repartition topics were not purged: not now' }])
  await expect(purged(new ClusterError('ACL_DENIED', 'never'))).rejects.toThrow('never')
})
