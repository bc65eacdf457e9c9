import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLevel } from '../../src/platform/level-engine.ts'
import { engineSuite } from '../contract/engine.ts'
import { diskEngineCases, temporaryFolder } from '../support/engine-cases.ts'
import { pack } from '../support/engine-rows.ts'

engineSuite('level', () => openLevel(join(temporaryFolder(), 'db'), {}))
diskEngineCases(openLevel)

test('point reads answer at once', async () => {
  const engine = await openLevel(join(temporaryFolder(), 'db'), {})
  expect(engine.getMany(pack([['a', null]]))).not.toBeInstanceOf(Promise)
  await engine.close()
})
