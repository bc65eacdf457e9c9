/**
 * Appends batches to partitions, after the checks of a broker: a batch is refused as a whole, or taken as it is. Records are looked at only where the
 * topic's configs ask for it: on a compacted topic each must have a key.
 */
import { ClusterError } from '../base/errors.ts'
import type { ProducedPartition, ProduceRequest, ProduceResponse } from '../wire/api/produce.ts'
import { AT } from '../wire/batch-layout.ts'
import { BatchReader, readHeader, type BatchHeader } from '../wire/batch-reader.ts'
import { crc32c } from '../base/crc32c.ts'
import { CODE } from './codes.ts'
import type { MemoryPartition } from './partition.ts'
import type { TopicSettings } from './topic-configs.ts'
import type { MemoryTopics } from './topics.ts'

/** What an append answered: the offset of its first record, and the time of appending in ms where the topic stamps records, else −1. */
export interface AppendAnswer {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly baseOffset: number
  readonly logAppendTimeMs: number
}

/** What appending runs on. */
export interface AppendOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly checkCrc: boolean
}

/** Appends batches. */
export class Appends {
  readonly #topics: MemoryTopics
  readonly #options: AppendOptions
  readonly #reader: BatchReader = new BatchReader({ checkCrc: false, hashKeys: false })

  constructor(topics: MemoryTopics, options: AppendOptions) {
    this.#topics = topics
    this.#options = options
  }

  /** Produce. */
  produce(request: ProduceRequest, node: number): ProduceResponse {
    const topics = request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, records }): ProducedPartition => {
        const found = this.#topics.led(topic, partition, node)
        if (typeof found === 'number') return { partition, ...refused(found), logStartOffset: -1 }
        return { partition, ...this.append(found, this.#topics.get(topic)!.settings, records), logStartOffset: found.log.startOffset }
      }),
    }))
    return { topics, throttleTimeMs: 0 }
  }

  /** Appends one batch to a partition. `byHand`: also one of a transaction, or the marker that ends one. */
  append(to: MemoryPartition, settings: TopicSettings, batch: Uint8Array, byHand = false): AppendAnswer {
    const header = soleHeader(batch)
    if (typeof header === 'number') return refused(header, 'a produce request has exactly one batch of magic 2 for a partition')
    const now = this.#options.now()
    const refusal =
      this.#checked(batch, header, byHand) ??
      limited(batch, header, settings, now) ??
      (settings.compacted && !header.control ? this.#keyed(batch, header) : undefined)
    if (refusal !== undefined) return refusal
    const sequence = to.producers.check(header, now)
    if (sequence.errorCode !== CODE.NONE) return refused(sequence.errorCode)
    if (sequence.duplicateOf !== undefined) return taken(sequence.duplicateOf)
    const appendTime = settings.logAppendTime ? now : undefined
    const baseOffset = to.log.append(batch, header, appendTime)
    to.producers.appended(header, baseOffset, now)
    to.transactions.appended(batch, header, baseOffset)
    return taken(baseOffset, appendTime)
  }

  #checked(batch: Uint8Array, header: BatchHeader, byHand: boolean): AppendAnswer | undefined {
    if (this.#options.checkCrc && crc32c(batch, AT.attributes) !== header.crc)
      return refused(CODE.CORRUPT_MESSAGE, 'Record is corrupt: its checksum is wrong')
    if (header.control && !byHand) return refused(CODE.INVALID_RECORD, 'Clients are not allowed to write control records')
    if (header.count < 1 || header.lastOffsetDelta !== header.count - 1)
      return refused(CODE.INVALID_RECORD, `${header.count} records with a last offset delta of ${header.lastOffsetDelta}`)
    return header.transactional && !byHand ? refused(CODE.INVALID_TXN_STATE, 'there is no open transaction') : undefined
  }

  #keyed(batch: Uint8Array, header: BatchHeader): AppendAnswer | undefined {
    try {
      this.#reader.open(batch, header)
      for (let from = 0, rows = this.#reader.next(); rows !== undefined; from += rows.count, rows = this.#reader.next()) {
        const row = rows.keyLength.subarray(0, rows.count).indexOf(-1)
        if (row >= 0)
          return refused(CODE.INVALID_RECORD, `Compacted topic cannot accept message without key: record ${from + row} of the batch`)
      }
      return undefined
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error
      return refused(error.code === 'CODEC_UNAVAILABLE' ? CODE.UNSUPPORTED_COMPRESSION_TYPE : CODE.CORRUPT_MESSAGE, error.message)
    }
  }
}

function limited(batch: Uint8Array, { maxTimestamp }: BatchHeader, settings: TopicSettings, now: number): AppendAnswer | undefined {
  const { maxMessageBytes, logAppendTime, timestampAfterMaxMs } = settings
  if (batch.length > maxMessageBytes)
    return refused(
      CODE.MESSAGE_TOO_LARGE,
      `The record batch size ${batch.length} exceeds the maximum configured value of ${maxMessageBytes}`,
    )
  if (logAppendTime || maxTimestamp <= now + timestampAfterMaxMs) return undefined
  return refused(
    CODE.INVALID_TIMESTAMP,
    `Timestamp ${maxTimestamp} is more than ${timestampAfterMaxMs} ms ahead of the broker's clock, ${now}`,
  )
}

/** The header of a batch that is alone and whole, or the error code that tells it isn't. */
function soleHeader(batch: Uint8Array): BatchHeader | number {
  try {
    const header = readHeader(batch, 0, batch.length)
    return header?.length === batch.length ? header : CODE.INVALID_RECORD
  } catch (error) {
    if (error instanceof ClusterError) return CODE.CORRUPT_MESSAGE
    throw error
  }
}

function taken(baseOffset: number, appendTime = -1): AppendAnswer {
  return { errorCode: CODE.NONE, errorMessage: null, baseOffset, logAppendTimeMs: appendTime }
}

function refused(errorCode: number, errorMessage: string | null = null): AppendAnswer {
  return { errorCode, errorMessage, baseOffset: -1, logAppendTimeMs: -1 }
}
