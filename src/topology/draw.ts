/**
 * Pictures of a topology, as text for Mermaid and Graphviz: a box for each part, steps with the stores they use, and the topics between them. Names
 * are written as they are; identifiers are numbers, since names may have characters that the two languages don't take.
 */
import type { NodeJson, TopologyJson } from './topology-json.ts'

/** What is drawn: shapes with numbers, in boxes, and arrows between them. */
interface Picture {
  readonly boxes: readonly { readonly title: string; readonly shapes: readonly Shape[] }[]
  readonly topics: readonly Shape[]
  readonly arrows: readonly { readonly from: number; readonly to: number; readonly reads: boolean }[]
}

interface Shape {
  readonly id: number
  readonly text: string
  readonly kind: NodeJson['kind'] | 'store' | 'topic'
}

/** A flowchart for Mermaid. */
export function toMermaid(topology: TopologyJson): string {
  const { boxes, topics, arrows } = pictureOf(topology)
  const shape = ({ id, text, kind }: Shape): string => {
    const label = `"${text.replaceAll('"', '#quot;')}"`
    const brackets = { source: ['([', '])'], processor: ['[', ']'], sink: ['([', '])'], store: ['[(', ')]'], topic: ['[/', '/]'] } as const
    const [open, close] = brackets[kind]
    return `n${id}${open}${label}${close}`
  }
  const lines = [
    'flowchart TD',
    ...boxes.flatMap(({ title, shapes }, index) => [
      `  subgraph s${index}["${title}"]`,
      ...shapes.map((one) => `    ${shape(one)}`),
      '  end',
    ]),
    ...topics.map((topic) => `  ${shape(topic)}`),
    ...arrows.map(({ from, to, reads }) => `  n${from} ${reads ? '-.-' : '-->'} n${to}`),
  ]
  return `${lines.join('\n')}\n`
}

/** A digraph for Graphviz. */
export function toDot(topology: TopologyJson): string {
  const { boxes, topics, arrows } = pictureOf(topology)
  const shape = ({ id, text, kind }: Shape): string => {
    const form = { source: 'invhouse', processor: 'box', sink: 'house', store: 'cylinder', topic: 'cds' }[kind]
    return `n${id} [label=${quoted(text)} shape=${form}]`
  }
  const lines = [
    'digraph topology {',
    ...boxes.flatMap(({ title, shapes }, index) => [
      `  subgraph cluster_${index} {`,
      `    label=${quoted(title)}`,
      ...shapes.map((one) => `    ${shape(one)}`),
      '  }',
    ]),
    ...topics.map((topic) => `  ${shape(topic)}`),
    ...arrows.map(({ from, to, reads }) => `  n${from} -> n${to}${reads ? ' [dir=none style=dashed]' : ''}`),
    '}',
  ]
  return `${lines.join('\n')}\n`
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

function pictureOf({ subtopologies }: TopologyJson): Picture {
  const ids = new Map<string, number>()
  // A name may be a step's, a store's and a topic's at once.
  const idOf = (kind: 'node' | 'store' | 'topic', name: string): number => {
    const key = `${kind} ${name}`
    const known = ids.get(key) ?? ids.size
    ids.set(key, known)
    return known
  }
  const nodes = subtopologies.flatMap((part) => part.nodes)
  const topics = [...new Set(nodes.flatMap((node) => node.topics))]
  return {
    boxes: subtopologies.map((part) => ({
      title: `${part.global ? 'Global store' : 'Sub-topology'} ${part.id}`,
      shapes: [
        ...part.nodes.map(({ name, kind }): Shape => ({ id: idOf('node', name), text: name, kind })),
        ...[...new Set(part.nodes.flatMap(({ stores }) => stores))].map((name): Shape => ({
          id: idOf('store', name),
          text: name,
          kind: 'store',
        })),
      ],
    })),
    topics: topics.map((name) => ({ id: idOf('topic', name), text: name, kind: 'topic' })),
    arrows: nodes.flatMap(({ name, kind, parents, topics: own, stores }) => {
      const id = idOf('node', name)
      return [
        ...parents.map((parent) => ({ from: idOf('node', parent), to: id, reads: false })),
        ...own
          .map((topic) => (kind === 'source' ? { from: idOf('topic', topic), to: id } : { from: id, to: idOf('topic', topic) }))
          .map((arrow) => ({ ...arrow, reads: false })),
        ...stores.map((store) => ({ from: id, to: idOf('store', store), reads: true })),
      ]
    }),
  }
}
