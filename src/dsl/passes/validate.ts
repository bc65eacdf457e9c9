/** What only the whole topology can tell: names that were given twice, an empty topology, sinks into its own internal topics, unnamed internals. */
import type { Mistake } from '../../base/errors.ts'
import { overlaps } from '../../topology/patterns.ts'
import type { Draft } from './draft.ts'

/** The mistakes of a finished draft. */
export function validate(draft: Draft, options: { readonly explicitNaming: boolean }): readonly Mistake[] {
  const whole = [empty, globals, twins, twinRepartitions, partitions, ownTopics, patterns, ...(options.explicitNaming ? [unnamed] : [])]
  return [...draft.mistakes, ...whole.flatMap((mistakesOf) => mistakesOf(draft))]
}

function empty({ nodes }: Draft): Mistake[] {
  return nodes.length > 0
    ? []
    : [{ code: 'TOPOLOGY_EMPTY', message: `the topology reads nothing: begin with builder.stream(topic('orders', …)) or builder.table(…)` }]
}

/** Steps that list a global store as one of theirs: they read it without that, and would be taken for what fills it. */
function globals({ nodes }: Draft): Mistake[] {
  const sources = new Set(nodes.flatMap((node) => (node.kind === 'source' && node.call.as === 'global table' ? [node.name] : [])))
  const steps = nodes.filter((node) => node.kind === 'step')
  const fills = ({ parents }: (typeof steps)[number]): boolean => parents.some((parent) => sources.has(parent))
  const global = new Set(steps.filter(fills).flatMap(({ operator }) => operator.stores))
  return steps.flatMap((step): Mistake[] => {
    const listed = fills(step) ? undefined : step.operator.stores.find((spec) => global.has(spec))
    if (listed === undefined) return []
    const message = `step ${step.name} lists the global store ${String(listed.name)} among its stores: every step may read it, so leave it out`
    return [{ code: 'TOPOLOGY_INVALID', message, node: step.name }]
  })
}

function twins({ nodes, repartitions }: Draft): Mistake[] {
  const seen = new Set<string>()
  const internal = new Set(repartitions.flatMap(({ filter, sink, source }) => [filter, sink, source]))
  return nodes.flatMap(({ name }): Mistake[] => {
    if (internal.has(name)) return []
    if (!seen.has(name)) {
      seen.add(name)
      return []
    }
    return [{ code: 'NODE_DUPLICATE', message: `two steps are called ${name}: give one of them another name`, node: name }]
  })
}

function twinRepartitions({ repartitions }: Draft): Mistake[] {
  const names = repartitions.map(({ name }) => name)
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))].map((name) => ({
    code: 'NODE_DUPLICATE',
    message: `two repartitions write to topic ${name}: give one of them another name, as groupByKey({ name: 'by-customer' }), or share one grouping`,
    node: name,
  }))
}

function partitions({ repartitions }: Draft): Mistake[] {
  return repartitions.flatMap(({ name, partitions: count }): Mistake[] => {
    if (count === undefined || (Number.isSafeInteger(count) && count > 0)) return []
    const message = `topic ${name} can't have ${count} partitions: give repartition({ partitions }) a whole number above 0, or leave it out`
    return [{ code: 'ARGUMENT_INVALID', message, node: name }]
  })
}

function ownTopics({ nodes, repartitions, stores }: Draft): Mistake[] {
  const repartitioned = new Set(repartitions.map(({ name }) => name))
  const own = new Set([...repartitioned, ...[...stores.values()].map(({ name }) => `${name}-changelog`)])
  const reserved = (node: string, what: string): Mistake => ({
    code: 'TOPIC_RESERVED',
    message: `step ${node} ${what}, which is an internal topic's name: choose another`,
    node,
  })
  return nodes.flatMap((node): Mistake[] => {
    if (node.kind === 'source' && !node.internal)
      return node.call.topics.filter((topic) => repartitioned.has(topic)).map((topic) => reserved(node.name, `reads ${topic}`))
    if (node.kind !== 'sink' || node.sink.internal || typeof node.sink.topic !== 'string' || !own.has(node.sink.topic)) return []
    return [reserved(node.name, `writes to ${node.sink.topic}`)]
  })
}

function patterns({ nodes, mistakes }: Draft): Mistake[] {
  // An unsafe pattern isn't tried.
  if (mistakes.some(({ code }) => code === 'PATTERN_UNSAFE')) return []
  return overlaps(
    nodes.flatMap((node) =>
      node.kind === 'source' && !node.internal
        ? [{ name: node.name, topics: node.call.topics, ...(node.call.pattern === undefined ? {} : { pattern: node.call.pattern }) }]
        : [],
    ),
  )
}

function unnamed({ repartitions, stores }: Draft): Mistake[] {
  const topics = repartitions.filter(({ generated }) => generated).map(({ name }) => `topic ${name}`)
  const generated = [...stores.values()].filter(({ named }) => !named).map(({ name }) => `store ${name}`)
  return [...generated, ...topics].map((what) => ({
    code: 'NAME_INVALID',
    message: `${what} has a generated name, which moves when a step is added before it: name it, as count({ store: 'counts' }) or groupBy(…, { name: 'by-word' })`,
  }))
}
