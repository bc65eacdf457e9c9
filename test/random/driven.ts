/** A random program's records through the test driver. */
import type { TopologyTestDriver } from '../../src/testing/topology-test-driver.ts'
import type { Input } from './grammar.ts'

/** Sends the records in order. */
export function send(driver: TopologyTestDriver, records: readonly Input[]): void {
  for (const { topic, ...record } of records) driver.sendBytes(topic, rawRecord(record))
}

/** A record as bytes. */
export function rawRecord({ key, value, time, headers }: Omit<Input, 'topic'>): {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly timestamp: number
  readonly headers: readonly (readonly [string, Uint8Array])[]
} {
  return { key: bytes(key), value: bytes(value), timestamp: time, headers: headers === '' ? [] : [['h', Buffer.from(headers)]] }
}

const bytes = (text: string | null): Uint8Array | null => (text === null ? null : Buffer.from(text))
