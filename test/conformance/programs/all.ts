/** All programs, by the id of their trace. */
import type { Program } from '../replay.ts'
import { aggregates } from './aggregate.ts'
import { cogroups } from './cogroup.ts'
import { closings } from './emit-on-close.ts'
import { errors } from './error.ts'
import { foreignKeys } from './foreign-key.ts'
import { globals } from './global.ts'
import { processors } from './processor.ts'
import { wholes } from './program.ts'
import { regroups } from './regroup.ts'
import { stateless } from './stateless.ts'
import { stores } from './store.ts'
import { sessions } from './session.ts'
import { slidings } from './sliding.ts'
import { streamJoins } from './stream-join.ts'
import { tables } from './table.ts'
import { tableJoins } from './table-join.ts'
import { suppressions } from './suppress.ts'
import { versions } from './versioned.ts'
import { topologies } from './topology.ts'
import { windows } from './window.ts'

/** Every topology that can be built, as a function of its trace's configuration. */
export const programs: Readonly<Record<string, Program>> = {
  ...stateless,
  ...aggregates,
  ...tables,
  ...regroups,
  ...tableJoins,
  ...foreignKeys,
  ...wholes,
  ...windows,
  ...sessions,
  ...cogroups,
  ...closings,
  ...slidings,
  ...processors,
  ...stores,
  ...streamJoins,
  ...globals,
  ...errors,
  ...suppressions,
  ...versions,
  ...topologies,
}
