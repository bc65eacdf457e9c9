/** Records of a stream that look up a row: of a table, of a versioned one at their own time, of a global one by another key. */
import * as fc from 'fast-check'
import { topic, versionedStore } from '../../../src/index.ts'
import { untyped } from '../../support/untyped.ts'
import { agrees, left, named, right, type In, type Naive, type World } from './harness.ts'
import { grouped, naiveGroups } from './naive-groups.ts'
import { naiveTable } from './naive-table.ts'

/** Typed as if no key were null, as joins with tables want it; some are. */
const keyed = topic('left', { key: left.key, value: left.value })
const pair = (one: string, other: string | null, key: string | null): string => `${key}:${one}&${other}`

/** Another key for a record; for some there is none. */
const otherKey = (value: string | null): string | null => (value?.[0] === 'x' ? null : value?.[0] === 'y' ? 'a' : 'eebrd')

/** Each record with the row that is there for its key, or for another one; one that gets another key travels through a topic first. */
function naiveLookup({ tell, drop }: World, looksUp: 'own key' | 'other key' | 'new key'): Naive {
  const rows = new Map<string, string>()
  return ({ from, ...record }) => {
    const { value } = record
    if (from === 'right') {
      if (record.key === null) drop('null_key')
      else if (value === null) rows.delete(record.key)
      else rows.set(record.key, value)
      return
    }
    const at = looksUp === 'own key' ? record.key : otherKey(value)
    const key = looksUp === 'new key' ? at : record.key
    for (const to of ['inner', 'leftJoined']) {
      const row = at === null ? null : (rows.get(at) ?? null)
      // R3: left out on its way.
      if (to === 'inner' && looksUp === 'new key' && at === null) continue
      if (value === null) drop('null_value')
      else if (at === null && to === 'inner') drop('null_key')
      else if (row !== null || to === 'leftJoined') tell({ ...record, to, key, value: pair(value, row, key) })
    }
  }
}

agrees('K1–K4, R3: a record meets the row that is there when it comes, also under a new key; a table alone tells nothing', {
  settings: fc.record({ isRekeyed: fc.boolean() }),
  from: ['left', 'right'],
  steps: (builder, { isRekeyed }) => {
    const [stream, table] = [builder.stream(keyed), builder.table(right)]
    const rekeyed = (): typeof stream =>
      isRekeyed ? stream.selectKey((value): string => untyped(otherKey(value)), { key: left.key }) : stream
    rekeyed().join(table, pair).to(named('inner'))
    rekeyed().leftJoin(table, pair).to(named('leftJoined'))
    return [named('inner'), named('leftJoined')]
  },
  naive: (world, { isRekeyed }) => naiveLookup(world, isRekeyed ? 'new key' : 'own key'),
})

agrees(
  'K4, K5: with a versioned table a record meets the row of its own time, with a grace when it is over, in order of time, key and arrival',
  {
    settings: fc.record({ history: fc.integer({ min: 8, max: 30 }), grace: fc.option(fc.nat(8), { nil: undefined }) }),
    from: ['left', 'right'],
    late: 25,
    steps: (builder, { history, grace }) => {
      const store = versionedStore('rows', { key: right.key, value: right.value, historyMs: history })
      // A record without a key can't wait.
      const stream = builder.stream(keyed).filter((_value, key) => key !== null)
      const [table, options] = [builder.table(right, { store }), grace === undefined ? {} : { grace }]
      stream.join(table, pair, options).to(named('inner'))
      stream.leftJoin(table, pair, options).to(named('leftJoined'))
      return [named('inner'), named('leftJoined')]
    },
    naive: ({ tell, drop }, { history, grace }) => {
      const table = naiveTable(history)
      let waiting: (In & { readonly value: string })[] = []
      let observed = -1
      const meet = (record: In & { readonly value: string }): void => {
        const row = table.at(record.key, record.timestamp)
        for (const to of row === null ? ['leftJoined'] : ['inner', 'leftJoined'])
          tell({ ...record, to, value: pair(record.value, row, record.key) })
      }
      return (record) => {
        const { from, key, value, timestamp } = record
        if (from === 'right' && key === null) return drop('null_key')
        if (from === 'right') return void table.put(record)
        if (key === null) return
        if (value === null) {
          drop('null_value')
          return drop('null_value')
        }
        if (grace === undefined || timestamp < observed - grace) return meet({ ...record, value })
        observed = Math.max(observed, timestamp)
        waiting.push({ ...record, value })
        waiting.sort((a, b) => a.timestamp - b.timestamp || ((a.key ?? '') < (b.key ?? '') ? -1 : (a.key ?? '') > (b.key ?? '') ? 1 : 0))
        for (const each of waiting) if (each.timestamp <= observed - grace) meet(each)
        waiting = waiting.filter((each) => each.timestamp > observed - grace)
      }
    },
  },
)

agrees('K6: with a global table a record meets the row of the key that is made of it', {
  settings: fc.constant('none'),
  from: ['left', 'right'],
  steps: (builder) => {
    const [stream, table] = [builder.stream(left), builder.globalTable(right)]
    stream.join(table, pair, { key: otherKey }).to(named('inner'))
    stream.leftJoin(table, pair, { key: otherKey }).to(named('leftJoined'))
    return [named('inner'), named('leftJoined')]
  },
  naive: (world) => naiveLookup(world, 'other key'),
})

const VERSIONED = ['table', 'filtered', 'grouped']

agrees('B3, B4: a versioned table tells what it takes, also what is not the latest; that a filter passes on and a group passes over', {
  settings: fc.record({ history: fc.nat(30) }),
  late: 35,
  steps: (builder, { history }) => {
    const [all, filtered, groups] = VERSIONED.map(named)
    const table = builder.table(left, { store: versionedStore('rows', { key: left.key, value: left.value, historyMs: history }) })
    table.toStream().to(all!)
    table
      .filter((value) => value < 'y')
      .toStream()
      .to(filtered!)
    grouped(table).toStream().to(groups!)
    return VERSIONED.map(named)
  },
  naive: ({ tell, drop }, { history }) => {
    const table = naiveTable(history)
    const group = naiveGroups({ tell }, 'grouped')
    return (record) => {
      const { key, value } = record
      if (key === null) return drop('null_key')
      const was = table.at(key, Infinity)
      const to = table.put(record)
      if (to === undefined) return
      tell({ ...record, to: 'table' })
      tell({ ...record, to: 'filtered', value: value !== null && value < 'y' ? value : null })
      if (to < Infinity) return
      group(record, was, value)
    }
  },
})
