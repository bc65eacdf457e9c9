/** The built-in serdes, under the names users know them by. Their bytes equal those of Kafka's Java serdes. */
import type { Serde } from './serde.ts'
import { list, sessionWindowed, timeWindowed } from './serdes-compound.ts'
import { json } from './serdes-json.ts'
import { bigint, boolean, double, float, integer, long, short } from './serdes-numbers.ts'
import { bytes, nothing, string, stringLossy, uuid } from './serdes-text.ts'

/** The built-in serdes. */
export interface Serdes {
  /** UTF-8, strict. */
  readonly string: Serde<string>
  /** UTF-8 as Java has it: what doesn't fit becomes U+FFFD. */
  readonly stringLossy: Serde<string>
  /** int16. */
  readonly short: Serde<number>
  /** int32. */
  readonly integer: Serde<number>
  /** int64 as a number; an error outside the safe range. */
  readonly long: Serde<number>
  /** int64 as a bigint. */
  readonly bigint: Serde<bigint>
  /** IEEE 754, 4 bytes. */
  readonly float: Serde<number>
  /** IEEE 754, 8 bytes. */
  readonly double: Serde<number>
  /** One byte. */
  readonly boolean: Serde<boolean>
  /** Bytes as they are. */
  readonly bytes: Serde<Uint8Array>
  /** 36 characters. */
  readonly uuid: Serde<string>
  /** Only null. */
  readonly void: Serde<never>
  /** JSON, plain or checked by a Standard Schema. */
  readonly json: typeof json
  /** Lists, entries may be null. */
  readonly list: typeof list
  /** Keys in tumbling and hopping windows of a size in ms. */
  readonly timeWindowed: typeof timeWindowed
  /** Keys in session windows. */
  readonly sessionWindowed: typeof sessionWindowed
}

/** The built-in serdes. */
export const serdes: Serdes = {
  string,
  stringLossy,
  short,
  integer,
  long,
  bigint,
  float,
  double,
  boolean,
  bytes,
  uuid,
  void: nothing,
  json,
  list,
  timeWindowed,
  sessionWindowed,
}
