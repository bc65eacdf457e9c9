/** What only the whole topology can tell: names that were given twice, an empty topology, sinks into its own internal topics, unnamed internals. */
import type { Mistake } from '../../base/errors.ts'
import type { Draft } from './draft.ts'

/** The mistakes of a finished draft. */
export function validate(draft: Draft, options: { readonly explicitNaming: boolean }): readonly Mistake[] {
  return [...draft.mistakes, ...empty(draft), ...twins(draft), ...ownTopics(draft), ...(options.explicitNaming ? unnamed(draft) : [])]
}

function empty({ nodes }: Draft): Mistake[] {
  return nodes.length > 0
    ? []
    : [{ code: 'TOPOLOGY_EMPTY', message: `the topology reads nothing: begin with builder.stream(topic('orders', …)) or builder.table(…)` }]
}

function twins({ nodes }: Draft): Mistake[] {
  const seen = new Set<string>()
  return nodes.flatMap(({ name }): Mistake[] => {
    if (!seen.has(name)) {
      seen.add(name)
      return []
    }
    return [{ code: 'NODE_DUPLICATE', message: `two steps are called ${name}: give one of them another name`, node: name }]
  })
}

function ownTopics({ nodes, repartitions, stores }: Draft): Mistake[] {
  const own = new Set([...repartitions.map(({ name }) => name), ...[...stores.values()].map(({ name }) => `${name}-changelog`)])
  return nodes.flatMap((node): Mistake[] => {
    if (node.kind !== 'sink' || node.sink.internal || typeof node.sink.topic !== 'string' || !own.has(node.sink.topic)) return []
    return [
      {
        code: 'TOPIC_RESERVED',
        message: `step ${node.name} writes to ${node.sink.topic}, which is an internal topic's name: choose another`,
        node: node.name,
      },
    ]
  })
}

function unnamed({ repartitions, stores }: Draft): Mistake[] {
  const topics = repartitions.filter(({ generated }) => generated).map(({ name }) => `topic ${name}`)
  const generated = [...stores.values()].filter(({ named }) => !named).map(({ name }) => `store ${name}`)
  return [...generated, ...topics].map((what) => ({
    code: 'NAME_INVALID',
    message: `${what} has a generated name, which moves when a step is added before it: name it, as count({ store: 'counts' }) or groupBy(…, { name: 'by-word' })`,
  }))
}
