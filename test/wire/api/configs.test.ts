import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { INCREMENTAL_ALTER_CONFIGS } from '../../../src/wire/api/configs.ts'
import { checkApi, few, text } from './check-api.ts'

const DELETE = 1
const TOPIC = 2

interface Answered {
  ThrottleTimeMs: number
  Responses: { ErrorCode: number; ErrorMessage: string | null; ResourceName: string }[]
}

checkApi(INCREMENTAL_ALTER_CONFIGS, {
  request: fc.record({ topics: few(fc.record({ name: text, configs: fc.dictionary(text, fc.option(text), { maxKeys: 3 }) })) }),
  asked: ({ topics }) => ({
    Resources: topics.map(({ name, configs }) => ({
      ResourceType: TOPIC,
      ResourceName: name,
      Configs: Object.entries(configs).map(([key, value]) => ({ Name: key, ConfigOperation: value === null ? DELETE : 0, Value: value })),
    })),
  }),
  answered: ({ ThrottleTimeMs, Responses }: Answered) => ({
    throttleTimeMs: ThrottleTimeMs,
    topics: Responses.map(({ ErrorCode, ErrorMessage, ResourceName }) => ({
      name: ResourceName,
      errorCode: ErrorCode,
      errorMessage: ErrorMessage,
    })),
  }),
})

it('is the request that changes some configs, and not the one that resets the others', () => {
  expect(INCREMENTAL_ALTER_CONFIGS).toMatchObject({ key: 44, name: 'IncrementalAlterConfigs', min: 1, max: 1 })
})
