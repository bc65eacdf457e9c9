/** Which names Kafka allows, and the mistakes for those it doesn't. */
import type { Mistake } from '../base/errors.ts'

const NAME = /^[A-Za-z0-9._-]{1,200}$/
const TOPIC = /^[A-Za-z0-9._-]{1,249}$/

/** The mistake in a step's name, if there is one. */
export function nameMistake(name: string, what: 'step' | 'store'): Mistake | undefined {
  if (NAME.test(name) && name !== '.' && name !== '..') return undefined
  return {
    code: what === 'store' ? 'STORE_NAME_INVALID' : 'NAME_INVALID',
    message: `'${shown(name)}' can't be the name of a ${what}: use 1 to 200 of A-Z a-z 0-9 . _ -`,
    node: name,
  }
}

/** The mistake in a topic's name, if there is one; without types, anything may stand in its place. */
export function topicMistake(topic: unknown, node: string): Mistake | undefined {
  if (typeof topic !== 'string') {
    const message = `step ${shown(node)} has no topic: give a descriptor, as topic('orders', { key: serdes.string, value: serdes.json() })`
    return { code: 'TOPIC_INVALID', message, node }
  }
  if (!TOPIC.test(topic) || topic === '.' || topic === '..') {
    return { code: 'TOPIC_INVALID', message: `'${shown(topic)}' can't be a topic: use 1 to 249 of A-Z a-z 0-9 . _ -`, node }
  }
  if (topic.startsWith('__')) return { code: 'TOPIC_RESERVED', message: `topic ${topic} is Kafka's own: choose another name`, node }
  return undefined
}

function shown(text: string): string {
  return text.slice(0, 64).replaceAll(/[^\u0020-\u007e]/g, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}
