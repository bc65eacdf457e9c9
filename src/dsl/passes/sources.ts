/** What can be wrong with the topics that a source reads, by itself and beside another source. */
import type { Mistake } from '../../base/errors.ts'
import type { SourceCall } from '../../topology/graph.ts'
import type { NodeName } from '../../topology/operator.ts'
import { topicMistake } from '../../topology/names.ts'
import { patternMistake } from '../../topology/patterns.ts'

/** What a source reads: topics, or a pattern, which no topic is called like. */
export function readBy({ topics, pattern }: Pick<SourceCall, 'topics' | 'pattern'>): readonly string[] {
  return pattern === undefined ? topics : [`/${pattern.source}/${pattern.flags}`]
}

/** What is wrong with a source by itself. */
export function sourceMistakes({ topics, pattern }: SourceCall, node: NodeName): Mistake[] {
  const mistakes = topics.flatMap((topic) => topicMistake(topic, node) ?? [])
  if (topics.length === 0 && pattern === undefined)
    mistakes.push({ code: 'TOPIC_INVALID', message: 'a source needs a topic: stream([]) reads none; list at least one', node })
  const unsafe = pattern === undefined ? undefined : patternMistake(pattern, node)
  if (unsafe !== undefined) mistakes.push(unsafe)
  const twice = topics.find((topic, index) => topics.indexOf(topic) !== index)
  if (twice !== undefined) mistakes.push({ code: 'DUPLICATE_SOURCE', message: `one source lists topic ${twice} twice: name it once`, node })
  return mistakes
}

/** How two sources read the same topics differently; undefined: they are one. */
export function howElse(a: SourceCall, b: SourceCall): string | undefined {
  if (a.topics.length !== b.topics.length) return 'in lists that overlap'
  if (a.as !== b.as) return `as a ${a.as} and as a ${b.as}`
  if (a.as !== 'stream') return `as two ${a.as}s`
  if (a.key !== b.key || a.value !== b.value) return 'with other serdes'
  if (a.timestamp !== b.timestamp) return 'with another timestamp policy'
  if (a.onError !== b.onError) return 'with another onError'
  return a.startFrom === b.startFrom ? undefined : 'from another start'
}
