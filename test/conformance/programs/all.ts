/** All programs, by the id of their trace. */
import type { Program } from '../replay.ts'
import { aggregates } from './aggregate.ts'
import { processors } from './processor.ts'
import { stateless } from './stateless.ts'
import { windows } from './window.ts'

/** Every topology that can be built, as a function of its trace's configuration. */
export const programs: Readonly<Record<string, Program>> = { ...stateless, ...aggregates, ...windows, ...processors }
