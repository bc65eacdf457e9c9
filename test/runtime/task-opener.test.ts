import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { built, counts, texts } from '../support/shop-topics.ts'
import { appOn, freshBroker, until } from './app-world.ts'

const counting = () => built((builder) => builder.stream(texts).groupByKey().count({ store: 'c' }).toStream().to(counts))

test.each(['rocksdb', 'level'] as const)(
  'state on disk with %s is there after a restart; what is damaged is set aside and restored',
  async (engine) => {
    const stateDir = mkdtempSync(join(tmpdir(), 'millrace-opener-'))
    try {
      const broker = freshBroker()
      const run = async (warnings: string[] = []): Promise<number> => {
        await broker.produce(
          texts,
          Array.from({ length: 10 }, (_, n) => ({ key: `k${n}`, value: 'v' })),
        )
        const logger = {
          debug: () => undefined,
          info: () => undefined,
          warn: (_f: object, message: string) => void warnings.push(message),
          error: () => undefined,
        }
        const app = appOn(broker, counting(), { engine, stateDir, logger })
        let restored = 0
        app.on('rebalance', ({ restoredRecords }) => (restored += restoredRecords))
        await app.start()
        await until('all is processed', () => [...app.lag().values()].flat().every(({ lag }) => lag === 0))
        await app.close()
        return restored
      }
      expect(await run()).toBe(0)
      expect(await run()).toBe(0)
      const database = join(stateDir, 'app', '0_0', 'db')
      for (const name of readdirSync(database))
        if (/^MANIFEST|\.sst$|\.ldb$/.test(name)) writeFileSync(join(database, name), 'not a database')
      const warnings: string[] = []
      expect(await run(warnings)).toBeGreaterThan(0)
      expect(readdirSync(join(stateDir, 'app')).some((name) => name.startsWith('0_0.corrupt-'))).toBe(true)
      const last: Record<string, number | null> = {}
      for await (const { key, value } of broker.read(counts)) last[key ?? ''] = value
      expect(Object.values(last)).toEqual(Array.from({ length: 10 }, () => 3))
    } finally {
      rmSync(stateDir, { recursive: true, force: true })
    }
  },
)
