/**
 * Which random programs have the same final tables however their records are batched, and wherever the application stops: those whose order of
 * processing follows from times alone, and whose clocks are where they were when it goes on. What Kafka Streams leaves open is left out here:
 * the order in which one task takes records of two topics of which one is the application's own (they come when they come), of a global table, and
 * what is late for a step that forgets its stream time at a restart (it keeps none; whatever arrives next counts as in time).
 */
import type { Topology } from '../../src/index.ts'
import type { Setting } from './application.ts'
import { SOURCES, type Input, type Program, type Step } from './grammar.ts'

/** Steps that decide by the greatest time they have seen. */
const CLOCKED = new Set(['tumbling', 'hopping', 'unlimited', 'sliding', 'session', 'untilClose', 'untilLimit', 'streamJoin'])

/** True where all that is written depends on the records' times alone, at that pace. */
export function isSteady(program: Program, topology: Topology, pace: Setting['pace']): boolean {
  const ordered = pace === 'one by one' ? isOrderedOneByOne(topology) : isOrdered(topology)
  return topology.globals.length === 0 && ordered && keepsTime(program)
}

/** True where each task reads topics of others, whose records have different times, or one topic of the application's own. */
function isOrdered(topology: Topology): boolean {
  return topology.subtopologies.every(({ sourceTopics }) => sourceTopics.length < 2 || ownOf(topology, sourceTopics) === 0)
}

/** True where each task reads at most one topic of the application's own: enough where a record is written when all is done that those before caused. */
export function isOrderedOneByOne(topology: Topology): boolean {
  return topology.subtopologies.every(({ sourceTopics }) => ownOf(topology, sourceTopics) < 2)
}

function ownOf({ repartitionTopics }: Topology, topics: readonly string[]): number {
  const own = new Set(repartitionTopics.map(({ name }) => name))
  return topics.filter((name) => own.has(name)).length
}

/** True where no step that has a clock is below one that lets times go back. */
function keepsTime({ steps }: Program): boolean {
  const goesBack: boolean[] = SOURCES.map(() => false)
  const gives = (step: Step): number => (step.op === 'split' ? 2 : 1)
  return steps.every((step) => {
    const below = step.from.some((n) => goesBack[n])
    for (let i = 0; i < gives(step); i++) goesBack.push(below || letsTimeGoBack(step))
    return !(below && CLOCKED.has(step.op))
  })
}

/** Tells of what is over, with its own time. */
function letsTimeGoBack({ op, choices }: Step): boolean {
  if (op === 'streamJoin') return choices['kind'] !== 0
  return op === 'session' || op === 'untilClose' || op === 'untilLimit' || choices['emit'] === 1
}

const LATER_MS = 10_000_000

/** The records in order of time, no two at one time, followed by those that close whatever waits for a time. */
export function inTime(records: readonly Input[], topics: readonly string[]): readonly Input[] {
  let now = -1
  const ordered = records
    .toSorted((a, b) => a.time - b.time)
    .map((record) => {
      now = Math.max(now + 1, record.time)
      return { ...record, time: now }
    })
  const closing = [1, 2].flatMap((round) =>
    ['k', 'k1'].flatMap((key, i) =>
      topics.map((topic, n): Input => ({
        topic,
        key,
        value: `dog${round}${i}`,
        time: now + round * LATER_MS + i * topics.length + n,
        headers: '',
      })),
    ),
  )
  return [...ordered, ...closing]
}
