import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { API_VERSIONS } from '../../../src/wire/api/versions.ts'
import { checkApi, text } from './check-api.ts'

const UNSUPPORTED_VERSION = 35

interface Answered {
  ErrorCode: number
  ApiKeys: { ApiKey: number; MinVersion: number; MaxVersion: number }[]
  ThrottleTimeMs: number
  FinalizedFeatures?: { Name: string; MaxVersionLevel: number }[]
}

checkApi(API_VERSIONS, {
  request: fc.record({ clientSoftwareName: text, clientSoftwareVersion: text }),
  asked: ({ clientSoftwareName, clientSoftwareVersion }) => ({
    ClientSoftwareName: clientSoftwareName,
    ClientSoftwareVersion: clientSoftwareVersion,
  }),
  possible: ({ ErrorCode }: Answered) => ErrorCode !== UNSUPPORTED_VERSION,
  answered: ({ ErrorCode, ApiKeys, ThrottleTimeMs, FinalizedFeatures = [] }: Answered) => ({
    throttleTimeMs: ThrottleTimeMs,
    errorCode: ErrorCode,
    apis: ApiKeys.map(({ ApiKey, MinVersion, MaxVersion }) => ({ apiKey: ApiKey, min: MinVersion, max: MaxVersion })),
    finalizedFeatures: new Map(FinalizedFeatures.map(({ Name, MaxVersionLevel }) => [Name, MaxVersionLevel])),
  }),
})

it('reads the answer of a broker that doesn’t know the version, which is in version 0', () => {
  const frame = Uint8Array.of(0, UNSUPPORTED_VERSION, 0, 0, 0, 1, 0, 18, 0, 0, 0, 2)
  expect(API_VERSIONS.decode(frame, 0, 3)).toEqual({
    errorCode: UNSUPPORTED_VERSION,
    apis: [{ apiKey: 18, min: 0, max: 2 }],
    finalizedFeatures: new Map(),
  })
})
