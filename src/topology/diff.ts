/**
 * What became of a topology since an older one, for whoever rolls it out: members of one group must agree on the numbers of its parts, their sources,
 * stores and internal topics; a step that is added elsewhere changes none of it. What only the older one had is left behind in the cluster.
 */
import type { SubtopologyJson, TopologyJson } from './topology-json.ts'

/** What is different. */
export interface TopologyDiff {
  /** `compatible`: it can be rolled out beside the older one. `reset`: the group must stop, and may have to start over. */
  readonly verdict: 'compatible' | 'reset'
  /** One sentence each, what matters first. */
  readonly changes: readonly string[]
  /** Internal topics that nobody reads or writes any more, without the application id. */
  readonly orphaned: readonly string[]
}

/** What `newer` has made of `older`. */
export function diffTopologies(newer: TopologyJson, older: TopologyJson): TopologyDiff {
  const breaking = [...parts(newer, older), ...stores(newer, older), ...topics(newer, older)]
  const steps = gone(namesOf(newer), namesOf(older), 'step')
  const kept = new Set(internalTopics(newer))
  return {
    verdict: breaking.length === 0 ? 'compatible' : 'reset',
    changes: [...breaking, ...steps],
    orphaned: internalTopics(older).filter((topic) => !kept.has(topic)),
  }
}

/** Source topics that other tasks read than before. */
function parts(newer: TopologyJson, older: TopologyJson): string[] {
  const before = readers(older)
  const after = readers(newer)
  const moved = [...after].flatMap(([topic, id]) => {
    const was = before.get(topic)
    return was === undefined || was === id ? [] : [`topic ${topic} is read by sub-topology ${id}, it was ${was}: tasks have other numbers`]
  })
  return [...moved, ...gone([...after.keys()], [...before.keys()], 'source topic')]
}

function stores(newer: TopologyJson, older: TopologyJson): string[] {
  const before = new Map(older.stores.map((store) => [store.name, store]))
  const changed = newer.stores.flatMap(({ name, kind, changelog }) => {
    const was = before.get(name)
    if (was === undefined || (was.kind === kind && was.changelog === changelog)) return []
    return [`store ${name} is ${kind}, restored from ${String(changelog)}; it was ${was.kind}, from ${String(was.changelog)}`]
  })
  return [
    ...gone(
      newer.stores.map(({ name }) => name),
      older.stores.map(({ name }) => name),
      'store',
    ),
    ...changed,
  ]
}

function topics(newer: TopologyJson, older: TopologyJson): string[] {
  return gone(newer.repartitionTopics, older.repartitionTopics, 'internal topic')
}

function gone(newer: readonly string[], older: readonly string[], what: string): string[] {
  const removed = older.filter((name) => !newer.includes(name)).map((name) => `${what} ${name} is gone`)
  const added = newer.filter((name) => !older.includes(name)).map((name) => `${what} ${name} is new`)
  return [...removed, ...added]
}

/** By source topic outside the application: the number of the part that reads it. */
function readers({ subtopologies, repartitionTopics }: TopologyJson): ReadonlyMap<string, number> {
  const sources = ({ id, nodes }: SubtopologyJson): [string, number][] =>
    nodes.flatMap(({ kind, topics: own }) => (kind === 'source' ? own.map((topic): [string, number] => [topic, id]) : []))
  return new Map(subtopologies.flatMap(sources).filter(([topic]) => !repartitionTopics.includes(topic)))
}

function namesOf({ subtopologies }: TopologyJson): string[] {
  return subtopologies.flatMap(({ nodes }) => nodes.map(({ name }) => name))
}

function internalTopics({ stores: all, repartitionTopics }: TopologyJson): string[] {
  return [...repartitionTopics, ...all.flatMap(({ name, changelog }) => (changelog === `${name}-changelog` ? [changelog] : []))]
}
