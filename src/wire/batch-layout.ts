/**
 * Where the fields of a record batch stand (Kafka's format of magic 2, big-endian; `DefaultRecordBatch` of kafka-clients): 61 bytes of
 * header, then the records, compressed as one block when the attributes name a codec. The CRC covers everything from the attributes on.
 */

/** The only batch format that is read and written. */
export const MAGIC = 2

/** Byte positions within a batch. */
export const AT = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  count: 57,
  records: 61,
} as const

/** How many bytes of a batch its length field doesn't count: base offset and length itself. */
export const UNCOUNTED = 12

/** Bits of the attributes; the lowest three are the codec's number. */
export const ATTRIBUTE = { codec: 7, logAppendTime: 8, transactional: 16, control: 32, deleteHorizon: 64 } as const
