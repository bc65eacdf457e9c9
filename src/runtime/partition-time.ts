/**
 * The metadata of a committed position: the partition's time, so that stream time doesn't go back over a restart, and the times of steps (up to where
 * closed windows were handed on). The text is Kafka Streams' (TopicPartitionMetadata): Base64 of a version byte 2, the time in 8 bytes, and, if there are
 * any, the times of steps (ProcessorMetadata): their count in 4 bytes, and for each the length of its name in 4, its name, its time in 8. Big-endian.
 */
import { concatBytes, readInt32, readInt64, writeInt32, writeInt64 } from '../base/bytes.ts'
import { decodeText, utf8 } from '../base/text.ts'

const VERSION = 2
const LENGTH = 9

/** Times in ms that were committed with a position. */
export interface CommittedTimes {
  /** −1: none yet. */
  readonly partitionTime: number
  /** Of steps, by name. */
  readonly times: ReadonlyMap<string, number>
}

const NONE: CommittedTimes = { partitionTime: -1, times: new Map() }

/** The metadata of a position. */
export function encodeTimes({ partitionTime, times }: CommittedTimes): string {
  const head = new Uint8Array(LENGTH)
  head[0] = VERSION
  writeInt64(head, 1, partitionTime)
  const count = new Uint8Array(times.size === 0 ? 0 : 4)
  if (times.size > 0) writeInt32(count, 0, times.size)
  const entries = [...times].flatMap(([name, time]) => {
    const text = utf8(name)
    const around = new Uint8Array(12)
    writeInt32(around, 0, text.length)
    writeInt64(around, 4, time)
    return [around.subarray(0, 4), text, around.subarray(4)]
  })
  return btoa(String.fromCharCode(...concatBytes(head, count, ...entries)))
}

/** The times in a committed metadata; none when it holds none that can be read. */
export function decodeTimes(metadata: string | null | undefined): CommittedTimes {
  if (metadata === null || metadata === undefined || metadata === '') return NONE
  let text: string
  try {
    text = atob(metadata)
  } catch {
    return NONE
  }
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0))
  if (bytes.length < LENGTH || bytes[0] !== VERSION) return NONE
  return { partitionTime: readInt64(bytes, 1), times: stepTimes(bytes) }
}

function stepTimes(bytes: Uint8Array): ReadonlyMap<string, number> {
  const times = new Map<string, number>()
  let at = LENGTH + 4
  for (let left = at <= bytes.length ? readInt32(bytes, LENGTH) : 0; left > 0 && at + 4 <= bytes.length; left--) {
    const name = at + 4
    const end = name + readInt32(bytes, at)
    if (end < name || end + 8 > bytes.length) break
    times.set(decodeText(bytes, name, end), readInt64(bytes, end))
    at = end + 8
  }
  return times
}
