/** IncrementalAlterConfigs (44): changes some configs and leaves the others, which AlterConfigs (33) would reset. */
import { api, type Api } from './api.ts'

/** Topics with the configs to change; null puts the default back. */
export interface IncrementalAlterConfigsRequest {
  readonly topics: readonly { readonly name: string; readonly configs: Readonly<Record<string, string | null>> }[]
}

/** What became of each. */
export interface IncrementalAlterConfigsResponse {
  readonly topics: readonly { readonly name: string; readonly errorCode: number; readonly errorMessage: string | null }[]
}

/** IncrementalAlterConfigs. */
export const INCREMENTAL_ALTER_CONFIGS: Api<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse> = api(
  44,
  'IncrementalAlterConfigs',
  [1, 1],
)
