/** The programs of the group `stream-global join`. */
import { keyValueStore, serdes } from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import { each, input, now, num, out, outLong, pair, program, rows, word, type Text } from './kit.ts'

const third = (v: Text): string => `k${num(v) % 3}`

/** By id. */
export const globals: Record<string, Program> = {
  'stream-global-inner': program((b) => {
    const s = b.stream(input('stream'))
    s.join(b.globalTable(rows('table'), { store: 'g' }), pair, { key: third }).to(out())
  }),
  'stream-global-left': program((b) => {
    const s = b.stream(input('stream'))
    s.leftJoin(b.globalTable(rows('table'), { store: 'g' }), pair, { key: (v) => (num(v) % 5 === 0 ? null : third(v)) }).to(out())
  }),
  'stream-global-inner-null-mapped': program((b) => {
    const s = b.stream(input('stream'))
    const g = b.globalTable(rows('table'), { store: 'g' })
    s.join(g, (l, r, k) => `${k}:${l}&${r}`, { key: (v, k) => (num(v) % 4 === 0 ? null : k), name: 'gj' }).to(out())
  }),
  'stream-global-rekeyed': program((b) => {
    const s = b.stream(input('stream')).selectKey((v): Text => word(v), { key: serdes.string })
    s.join(b.globalTable(rows('table'), { store: 'g' }), pair, { key: third, value: serdes.string })
      .groupByKey({ name: 'g2' })
      .count({ store: 's' })
      .toStream()
      .to(outLong())
  }),
  'stream-global-unnamed': program((b) => {
    const s = b.stream(input('stream'))
    const first = s.leftJoin(b.globalTable(rows('t1')), pair, { key: (_v, k) => k })
    first.leftJoin(b.globalTable(rows('t2')), pair, { key: third }).to(out())
  }),
  'global-store-processor': program((b) => {
    const g = keyValueStore('g', { key: serdes.string, value: serdes.string, format: 'plain' })
    b.addGlobalStore(
      g,
      rows('table'),
      each<never, never>(({ key, value, timestamp }, c) => {
        if (key !== null) c.store(g).put(key, value === null ? null : `${value}@${timestamp}`)
      }),
    )
    b.stream(input('stream'))
      .process<Text, Text>(
        each((r, c) => {
          const found = r.key === null ? null : (now(c.store(g).get(r.key)) ?? null)
          void c.forward(r.withValue<Text>(`${r.value}>${found}`))
        }),
      )
      .to(out())
  }),
}
