/**
 * Windows and windowed keys. A window's `end` is exclusive for tumbling and hopping windows, inclusive for sliding and session windows, and
 * `Number.MAX_SAFE_INTEGER` for unlimited ones (Kafka Streams' Window).
 */

/** A span of time, in milliseconds since the epoch. */
export interface Window {
  readonly start: number
  readonly end: number
}

/** A key in a window. */
export interface Windowed<K> {
  readonly key: K
  readonly window: Window
}
