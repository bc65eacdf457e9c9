/**
 * The metadata of a committed position: the partition's time, so that stream time doesn't go back over a restart. The text is Kafka Streams'
 * (TopicPartitionMetadata): Base64 of a version byte 2, the time in 8 bytes, big-endian, and processor metadata, of which there is none.
 */
import { readInt64, writeInt64 } from '../base/bytes.ts'

const VERSION = 2
const LENGTH = 9

/** The metadata of a partition time, in ms; −1: none yet. */
export function encodeTime(partitionTime: number): string {
  const bytes = new Uint8Array(LENGTH)
  bytes[0] = VERSION
  writeInt64(bytes, 1, partitionTime)
  return btoa(String.fromCharCode(...bytes))
}

/** The partition time in a committed metadata; −1 when it holds none that can be read. */
export function decodeTime(metadata: string | null | undefined): number {
  if (metadata === null || metadata === undefined || metadata === '') return -1
  let text: string
  try {
    text = atob(metadata)
  } catch {
    return -1
  }
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0))
  return bytes.length >= LENGTH && bytes[0] === VERSION ? readInt64(bytes, 1) : -1
}
