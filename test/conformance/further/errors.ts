/** Errors in deep places, where the handlers of the configuration go on. */
import { hopping, joinWindow, StreamRecord, tumbling, untilWindowCloses } from '../../../src/index.ts'
import type { Program } from '../replay.ts'
import {
  even,
  input,
  named,
  num,
  out,
  outLong,
  outWindowed,
  outWindowedLong,
  program,
  rows,
  withKeys,
  word,
  zero,
  type Text,
} from '../programs/kit.ts'
import { grouped, kept, table, text, tminus, tplus } from './kit.ts'

/** Throws for values whose number is above 0 and a multiple of n. */
function fail<V extends Text>(v: V, n: number): V {
  if (v !== null && num(v) > 0 && num(v) % n === 0) throw new Error(`no ${v}`)
  return v
}

function throwIf(wrong: boolean, why: string): void {
  if (wrong) throw new Error(why)
}

/** By id. */
export const mixedErrors: Record<string, Program> = {
  'failing-aggregator': program((b) =>
    b
      .stream(input('in'))
      .groupBy((v) => word(v), named('g'))
      .aggregate(zero, (a, v) => tplus(a, fail(v, 4)), kept('s'))
      .toStream()
      .to(out()),
  ),
  'failing-windowed': program((b) =>
    grouped(b, 'in')
      .windowedBy(hopping(10, { advance: 5 }).grace(5))
      .aggregate(zero, (a, v) => tplus(a, fail(v, 4)), kept('s'))
      .mapValues((v) => {
        throwIf(v.length % 5 === 0, 'five')
        return v
      })
      .toStream()
      .to(outWindowed(10)),
  ),
  'failing-joiners': program((b) =>
    withKeys(
      b.stream(input('left')).outerJoin(b.stream(input('right')), (l, r) => `${fail(l, 4)}&${r}`, {
        within: joinWindow(10).grace(5),
        name: 'j1',
        store: 'j1',
        ...text,
      }),
    )
      .leftJoin(b.table(rows('table'), { store: 't' }), (l, r) => `${l}&${fail(r, 5)}`, { name: 'j2', ...text })
      .to(out()),
  ),
  'failing-table-steps': program((b) =>
    table(b, 'a')
      .filter((v) => even(fail(v, 5)))
      .mapValues((v) => `${v}!`)
      .leftJoin(table(b, 'b'), (l, r) => `${l}&${fail(r, 4)}`, kept('o'))
      .groupBy((v): [string, string] => {
        throwIf(v.length % 6 === 0, 'six')
        return [word(v), v]
      }, named('g'))
      .aggregate(zero, tplus, tminus, kept('s'))
      .toStream()
      .to(out()),
  ),
  'failing-foreign-key': program((b) =>
    table(b, 'a')
      .leftJoin(table(b, 'b'), (l, r) => `${l}&${fail(r, 5)}`, { name: 'fk', ...kept('o'), foreignKey: (v) => `k${num(fail(v, 4)) % 4}` })
      .toStream()
      .to(out()),
  ),
  'failing-punctuation': program((b) =>
    b
      .stream(input('in'))
      .process<Text, Text>(() => {
        let pass: (record: StreamRecord<Text, Text>) => void
        return {
          init: (c) => {
            pass = (record) => void c.forward(record)
            for (const by of ['stream-time', 'wall-clock'] as const) {
              c.schedule({ every: 10, by }, (t) => {
                throwIf(Math.trunc(t / 10) % 2 === 1, 'odd')
                return c.forward(new StreamRecord<Text, Text>('p', `p${Math.trunc(t / 10)}`, Math.max(0, t)))
              })
            }
          },
          process: (record) => pass(record),
        }
      })
      .mapValues((v) => fail(v, 4))
      .to(out()),
  ),
  'failing-cached': program((b) =>
    grouped(b, 'in')
      .count({ store: 's' })
      .mapValues((n) => {
        throwIf(n % 3 === 0, 'three')
        return `n${n}`
      })
      .toStream()
      .to(out()),
  ),
  'failing-suppressed': program((b) =>
    grouped(b, 'in')
      .windowedBy(tumbling(10).grace(5))
      .count({ store: 's' })
      .suppress(untilWindowCloses(), { name: 'final' })
      .mapValues((n) => {
        throwIf(n % 2 === 0, 'even')
        return n
      })
      .toStream()
      .to(outWindowedLong(10)),
  ),
  'failing-select-key': program((b) => {
    const s = b.stream(input('in'))
    s.mapValues((v): Text => (v === null ? null : `${num(v)}`)).to(out('early'))
    s.selectKey((v, k): Text => (k === null ? null : `${fail(v, 6)}${k}`))
      .filter((_v, k) => k !== null)
      .groupByKey(named('g'))
      .count({ store: 's' })
      .toStream()
      .to(outLong())
  }),
}
