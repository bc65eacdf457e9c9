/** ApiVersions (18): which requests a broker answers, and which features its cluster has agreed on. The only response without tags in its header. */
import { Reader } from '../primitives.ts'
import { api, type Api, type Throttled } from './api.ts'

/** Says who asks; the broker's logs and metrics name it. */
export interface ApiVersionsRequest {
  readonly clientSoftwareName: string
  readonly clientSoftwareVersion: string
}

/** Which versions of one request a broker answers. */
export interface VersionRange {
  readonly apiKey: number
  readonly min: number
  readonly max: number
}

/** What a broker answers, and the levels of the features that the cluster has finalized. */
export interface ApiVersionsResponse extends Throttled {
  readonly errorCode: number
  readonly apis: readonly VersionRange[]
  readonly finalizedFeatures: ReadonlyMap<string, number>
}

const UNSUPPORTED_VERSION = 35
const FINALIZED_FEATURES = 2

/** ApiVersions. A broker that doesn't know version 3 answers `UNSUPPORTED_VERSION` in version 0. */
export const API_VERSIONS: Api<ApiVersionsRequest, ApiVersionsResponse> = Object.freeze({
  ...api<ApiVersionsRequest, ApiVersionsResponse>(18, 'ApiVersions', [3, 3], {
    write(w, { clientSoftwareName, clientSoftwareVersion }) {
      w.string(clientSoftwareName).string(clientSoftwareVersion)
    },
    read: apiVersions,
  }),
  decode: (frame: Uint8Array, at: number) => apiVersions(new Reader(frame, at)),
})

function apiVersions(r: Reader): ApiVersionsResponse {
  const errorCode = r.int16()
  const range = (): VersionRange => ({ apiKey: r.int16(), min: r.int16(), max: r.int16() })
  const finalizedFeatures = new Map<string, number>()
  if (errorCode === UNSUPPORTED_VERSION) return { errorCode, apis: r.longArray(range) ?? [], finalizedFeatures }
  const apis = r.structs(range)
  const throttleTimeMs = r.int32()
  r.taggedFields((tag, field) => {
    if (tag !== FINALIZED_FEATURES) return
    field.structs(() => {
      finalizedFeatures.set(field.string(), field.int16())
      field.int16()
    })
  })
  return { throttleTimeMs, errorCode, apis, finalizedFeatures }
}
