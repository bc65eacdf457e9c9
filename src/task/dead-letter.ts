/**
 * Dead letters: the source record of one that failed, as it came, with headers that say why. Names and meaning of the first six headers are
 * Kafka Streams' (KIP-1034); those of ours come behind them.
 */
import type { RecordError } from '../base/errors.ts'
import { utf8 } from '../base/text.ts'
import type { CurrentRecord } from '../model/record.ts'
import type { DeadLetterRecord } from '../topology/error-decision.ts'

/** The dead letter of a failed record; with `parity` it has Kafka Streams' headers only. */
export function deadLetterRecord(error: RecordError, record: CurrentRecord, parity: boolean): DeadLetterRecord {
  const { topic, partition, offset } = record
  const own: Record<string, string> = {
    '__millrace.errors.code': error.code,
    '__millrace.errors.phase': error.phase,
    '__millrace.errors.node': error.context.node ?? '',
    '__millrace.errors.task': error.context.taskId ?? '',
    '__millrace.errors.attempt': String(error.attempt),
  }
  const why: Record<string, string | null> = {
    '__streams.errors.exception': nameOf(error.cause ?? error),
    '__streams.errors.message': error.cause instanceof Error ? error.cause.message : error.message,
    '__streams.errors.stacktrace': error.stack ?? error.message,
    // A punctuation is of no topic.
    '__streams.errors.topic': topic === '' ? null : topic,
    '__streams.errors.partition': String(partition),
    '__streams.errors.offset': String(offset),
    ...(parity ? {} : own),
  }
  return {
    key: error.raw?.key ?? null,
    value: error.raw?.value ?? null,
    timestamp: Math.max(0, record.timestamp),
    headers: [...record.headers, ...Object.entries(why).map(([name, text]) => [name, text === null ? null : utf8(text)] as const)],
  }
}

function nameOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : typeof thrown
}
