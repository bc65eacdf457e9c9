/** All further programs, by the id of their trace. */
import type { Program } from '../replay.ts'
import { mixedErrors } from './errors.ts'
import { mixedProcessors } from './processors.ts'
import { mixedCaches, mixedOptimized } from './streams-cached.ts'
import { mixedJoins, mixedShapes, mixedWindows } from './streams.ts'
import { mixedTables } from './tables.ts'
import { mixedVersions } from './versioned.ts'

/** Every further topology, as a function of its trace's configuration. */
export const programs: Readonly<Record<string, Program>> = {
  ...mixedTables,
  ...mixedVersions,
  ...mixedJoins,
  ...mixedWindows,
  ...mixedShapes,
  ...mixedCaches,
  ...mixedOptimized,
  ...mixedProcessors,
  ...mixedErrors,
}
