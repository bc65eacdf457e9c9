/** The programs of the group `store`. */
import {
  keyValueStore,
  serdes,
  sessionStore,
  windowStore,
  type KeyValueStore,
  type SessionStore,
  type StreamRecord,
  type StreamsBuilder,
  type Windowed,
  type WindowStore,
} from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import { each, input, now, num, out, program, windowText, type Text } from './kit.ts'

const list = <K>(rows: Iterable<[K, string]>, key: (k: K) => string): string =>
  `[${[...rows].map(([k, v]) => `${key(k)}=${v}`).join(', ')}]`

const id = (x: string): string => x

function keyValueAnswer(s: KeyValueStore<string, string>, k: string, v: string): string {
  switch (num(v) % 8) {
    case 0:
      return String(now(s.delete(k)) ?? null)
    case 1:
      return String(now(s.putIfAbsent(k, v)) ?? null)
    case 2:
      return String(now(s.get(k)) ?? null)
    case 3:
      return list(s.range({ from: 'k', to: k }), id)
    case 4:
      return list(s.range({ to: k, reverse: true }), id)
    case 5:
      return list(s.range(), id)
    case 6:
      return list(s.range({ reverse: true }), id)
    default:
      return list(s.range({ prefix: 'k' }), id)
  }
}

function windowAnswer(s: WindowStore<string, string>, record: StreamRecord<string, Text>, [back, wide]: readonly [number, number]): string {
  const { key: k, value: v, timestamp: ts } = record
  const start = (x: number): string => `${x}`
  const w = (x: Windowed<string>): string => windowText(x)
  if (num(v) % 3 !== 0 || v === null) {
    s.put(k, v, ts)
    return 'ok'
  }
  switch (num(v) % 8) {
    case 0:
      return String(now(s.get(k, ts)) ?? null)
    case 1:
      return list(s.fetch(k, { from: ts - back, to: ts }), start)
    case 2:
      return list(s.fetch(k, { from: ts - back, to: ts }, { reverse: true }), start)
    case 3:
      return list(s.fetchAll({ to: k, time: { from: ts - back, to: ts } }), w)
    case 4:
      return list(s.fetchAll({ time: { from: ts - wide, to: ts } }), w)
    case 5:
      return list(s.fetchAll({ time: { from: ts - wide, to: ts }, reverse: true }), w)
    case 6:
      return list(s.fetchAll(), w)
    default:
      return list(s.fetchAll({ reverse: true }), w)
  }
}

/** Kafka Streams' persistent stores only estimate how many entries they have, so what is said of it is left out there. */
function keyValueOps(b: StreamsBuilder, counted: boolean): void {
  const s = keyValueStore('s', { key: serdes.string, value: serdes.string, format: 'plain' })
  b.addStateStore(s)
  b.stream(input('in'))
    .process<Text, Text>(
      each((r, c) => {
        const { key, value } = r
        if (key === null) return
        const store = c.store(s)
        if (value !== null && num(value) % 3 === 0) return void c.forward(r.withValue<Text>(keyValueAnswer(store, key, value)))
        store.put(key, value)
        void c.forward(r.withValue<Text>(counted ? `n${store.approximateSize()}` : 'n'))
      }),
      { stores: [s] },
    )
    .to(out())
}

function windowOps(
  b: StreamsBuilder,
  kept: { readonly retentionMs: number; readonly duplicates?: boolean; readonly engine?: string },
  bounds: readonly [number, number],
): void {
  const s = windowStore('s', { key: serdes.string, value: serdes.string, format: 'plain', sizeMs: 10, ...kept })
  b.addStateStore(s)
  b.stream(input('in'))
    .process<Text, Text>(
      each((r, c) => {
        if (r.key !== null) void c.forward(r.withValue<Text>(windowAnswer(c.store(s), r.withKey(r.key), bounds)))
      }),
      { stores: [s] },
    )
    .to(out())
}

function sessionAnswer(s: SessionStore<string, string>, { key: k, value: v, timestamp: ts }: StreamRecord<string, Text>): string {
  const w = (x: Windowed<string>): string => windowText(x)
  if (num(v) % 3 !== 0 || v === null) {
    s.put({ key: k, window: { start: Math.max(0, ts - (num(v) % 5)), end: ts } }, v)
    return 'ok'
  }
  const around = { earliestEnd: Math.max(0, ts - 10), latestStart: ts }
  switch (num(v) % 8) {
    case 0:
      return String(now(s.get({ key: k, window: { start: Math.max(0, ts - 2), end: ts } })) ?? null)
    case 1:
      return list(s.fetch(k), w)
    case 2:
      return list(s.fetch(k, { reverse: true }), w)
    case 3:
      return list(s.fetch(k, around), w)
    case 4:
      return list(s.fetch(k, { ...around, reverse: true }), w)
    case 5:
      return list(s.find({ to: k }), w)
    case 6:
      return list(s.find({ reverse: true }), w)
    default:
      return list(s.find({ to: k, earliestEnd: around.earliestEnd, latestStart: ts + 10 }), w)
  }
}

function sessionOps(b: StreamsBuilder, engine: string): void {
  const s = sessionStore('s', { key: serdes.string, value: serdes.string, retentionMs: 40, engine })
  b.addStateStore(s)
  b.stream(input('in'))
    .process<Text, Text>(
      each((r, c) => {
        if (r.key !== null) void c.forward(r.withValue<Text>(sessionAnswer(c.store(s), r.withKey(r.key))))
      }),
      { stores: [s] },
    )
    .to(out())
}

/** By id. */
export const stores: Record<string, Program> = {
  'store-key-value': program((b) => keyValueOps(b, true)),
  'store-key-value-rocksdb': program((b) => keyValueOps(b, false)),
  'store-key-value-cached': program((b) => keyValueOps(b, false)),
  'store-session': program((b) => sessionOps(b, 'memory')),
  'store-session-rocksdb': program((b) => sessionOps(b, 'rocksdb')),
  'store-window': program((b) => windowOps(b, { retentionMs: 40 }, [10, 15])),
  'store-window-duplicates': program((b) => windowOps(b, { retentionMs: 40, duplicates: true }, [10, 15])),
  'store-window-rocksdb': program((b) => windowOps(b, { retentionMs: 40, engine: 'rocksdb' }, [10, 15])),
  'store-window-rocksdb-minutes': program((b) => windowOps(b, { retentionMs: 100_000, engine: 'rocksdb' }, [50_000, 50_000])),
}
