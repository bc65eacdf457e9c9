/** IncrementalAlterConfigs (44): changes some configs and leaves the others, which AlterConfigs (33) would reset. */
import { api, type Api, type Throttled } from './api.ts'
import { TOPIC_RESOURCE } from './topics.ts'

/** Topics with the configs to change; null puts the default back. */
export interface IncrementalAlterConfigsRequest {
  readonly topics: readonly { readonly name: string; readonly configs: Readonly<Record<string, string | null>> }[]
}

/** What became of each. */
export interface IncrementalAlterConfigsResponse extends Throttled {
  readonly topics: readonly { readonly name: string; readonly errorCode: number; readonly errorMessage: string | null }[]
}

const SET = 0
const DELETE = 1

/** IncrementalAlterConfigs. */
export const INCREMENTAL_ALTER_CONFIGS: Api<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse> = api(
  44,
  'IncrementalAlterConfigs',
  [1, 1],
  {
    write(w, { topics }) {
      w.structs(topics, ({ name, configs }) => {
        w.int8(TOPIC_RESOURCE).string(name)
        w.structs(Object.entries(configs), ([key, value]) => {
          w.string(key)
            .int8(value === null ? DELETE : SET)
            .string(value)
        })
      })
      w.bool(false)
    },
    read(r) {
      const throttleTimeMs = r.int32()
      const topics = r.structs(() => {
        const found = { errorCode: r.int16(), errorMessage: r.nullableString() }
        r.int8()
        return { name: r.string(), ...found }
      })
      return { throttleTimeMs, topics }
    },
  },
)
