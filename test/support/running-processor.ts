/** One processor whose functions a test writes inline. */
import type { Headers } from '../../src/model/headers.ts'
import type { StreamRecord } from '../../src/model/record.ts'
import { process } from '../../src/operators/process.ts'
import type { ProcessorContext } from '../../src/topology/processor.ts'
import { harness, type HarnessOptions, type OperatorHarness } from './operator-harness.ts'

/** What a processor may use, whatever it forwards. */
export type Context = ProcessorContext<unknown, unknown>

/** What it does with a record. */
export type Handler = (context: Context, record: StreamRecord<string | null, unknown>) => void | Promise<void>

/** A processor that runs this for each record. */
export function running(
  handle: Handler,
  options: HarnessOptions & { readonly init?: (context: Context) => void | Promise<void> } = {},
): OperatorHarness<string | null, unknown, unknown, unknown> {
  return harness(
    process<string | null, unknown, unknown, unknown>(() => {
      let context: Context
      return {
        init: (given) => {
          context = given
          return options.init?.(given)
        },
        process: (record) => handle(context, record),
      }
    }, []),
    options,
  )
}

/** One header. */
export const h = (text: string): Headers => [[text, new TextEncoder().encode(text)]]
/** A turn of the event loop. */
export const tick = (): Promise<void> => new Promise((settle) => setImmediate(settle))
