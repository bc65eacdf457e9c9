/**
 * Topics by pattern. A source with a pattern reads every topic whose name the regular expression finds; which those are is known only where the
 * cluster's topics are, so a topology is completed with them: the same nodes, with the topics that match now. Patterns that a topic's name could
 * make run for ever (exponential or high polynomial backtracking) are refused: anybody who may create topics chooses that name.
 */
import type { Mistake } from '../base/errors.ts'
import type { SourceNode, TopologyNode } from './node.ts'

const LONGEST_TOPIC = 249
/** A name of 249 characters against so many unbounded parts is tried within milliseconds. */
const MOST_UNBOUNDED = 4

/** Whether a source's pattern finds a topic. Kafka's own topics and those of the application never match. */
export function matches(pattern: RegExp, topic: string): boolean {
  return topic.length <= LONGEST_TOPIC && !topic.startsWith('__') && new RegExp(pattern.source, flagsOf(pattern)).test(topic)
}

/** Whether a source reads a topic, by its name or by its pattern. */
export function reads({ topics, pattern }: Pick<SourceNode, 'topics' | 'pattern'>, topic: string): boolean {
  return topics.includes(topic) || (pattern !== undefined && matches(pattern, topic))
}

/** The nodes with the topics that their patterns find, in order of name. */
export function withTopics(nodes: readonly TopologyNode[], topics: readonly string[]): readonly TopologyNode[] {
  return nodes.map((node) =>
    node.kind !== 'source' || node.pattern === undefined
      ? node
      : { ...node, topics: topics.filter((topic) => matches(node.pattern!, topic)).sort() },
  )
}

/** The mistake in a pattern, if there is one. */
export function patternMistake(pattern: RegExp, node: string): Mistake | undefined {
  const why = unsafe(pattern.source)
  if (why === undefined) return undefined
  const message = `the pattern /${pattern.source.slice(0, 64)}/ of step ${node} ${why}, so that the name of a topic could make it run for ever: write it without that, as /^orders-.*$/`
  return { code: 'PATTERN_UNSAFE', message, node }
}

/** Mistakes of sources whose pattern finds a topic that another source reads by name. */
export function overlaps(sources: readonly Pick<SourceNode, 'name' | 'topics' | 'pattern'>[]): Mistake[] {
  return sources.flatMap(({ name, pattern }) =>
    pattern === undefined
      ? []
      : sources.flatMap((other): Mistake[] =>
          other.topics
            .filter((topic) => other.pattern === undefined && matches(pattern, topic))
            .map((topic) => ({
              code: 'DUPLICATE_SOURCE',
              message: `the pattern /${pattern.source}/ of step ${name} finds topic ${topic}, which step ${other.name} reads already: leave it out of the pattern`,
              node: name,
            })),
        ),
  )
}

/** Without the flags that make a regular expression remember where it was. */
function flagsOf({ flags }: RegExp): string {
  return flags.replaceAll(/[gy]/g, '')
}

interface Group {
  /** First characters of its alternatives; '' where one can't be told by its first character. */
  readonly firsts: string[]
  unbounded: boolean
}

/** Why a pattern may backtrack without end: a repeated group that can match one text in several ways, a back reference, or too many repeats. */
function unsafe(source: string): string | undefined {
  const groups = new Groups()
  let repeats = 0
  for (const token of source.match(TOKEN) ?? []) {
    if (/^\\[1-9k]/.test(token)) return 'refers back to a group'
    if (REPEAT.test(token)) {
      repeats++
      if (groups.repeat()) return 'repeats a group that repeats or has alternatives which begin alike'
    } else groups.read(token)
  }
  return repeats > MOST_UNBOUNDED ? `has more than ${MOST_UNBOUNDED} parts of any length` : undefined
}

/** The groups of a pattern while it is read. */
class Groups {
  readonly #open: Group[] = [{ firsts: [], unbounded: false }]
  #closed: Group | undefined = undefined
  #expectsFirst = true

  /** What was read last is repeated without a bound; answers whether that can match one text in several ways. */
  repeat(): boolean {
    const wrong = this.#closed !== undefined && isAmbiguous(this.#closed)
    this.#open.at(-1)!.unbounded = true
    this.#closed = undefined
    this.#expectsFirst = false
    return wrong
  }

  read(token: string): void {
    const opens = token.startsWith('(')
    if (this.#expectsFirst && token !== '|' && token !== ')') this.#open.at(-1)!.firsts.push(/^[A-Za-z0-9_-]$/.test(token) ? token : '')
    this.#closed = undefined
    if (opens) this.#open.push({ firsts: [], unbounded: false })
    else if (token === ')' && this.#open.length > 1) {
      this.#closed = this.#open.pop()!
      this.#open.at(-1)!.unbounded ||= this.#closed.unbounded
    }
    this.#expectsFirst = opens || token === '|'
  }
}

/** An escape, a character class, the head of a group, a repeat, or one character. */
const TOKEN = /\\(?:k<[^>]*>|u\{[^}]*\}|.)|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:[:=!]|<[=!]|<[^>]*>))?|(?:[*+?]|\{\d+(?:,\d*)?\})\??|./gsu
const REPEAT = /^(?:[*+]|\{\d+,\})\??$/

function isAmbiguous({ firsts, unbounded }: Group): boolean {
  return unbounded || (firsts.length > 1 && (firsts.includes('') || new Set(firsts).size < firsts.length))
}
