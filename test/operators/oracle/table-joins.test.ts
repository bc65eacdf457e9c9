/** Joins of two tables: two maps. */
import * as fc from 'fast-check'
import { versionedStore, type KTable, type StreamsBuilder } from '../../../src/index.ts'
import { agrees, left, named, right, type In, type Naive, type World } from './harness.ts'
import { naiveTable } from './naive-table.ts'

type Row = string | null

const pair = (one: Row, other: Row, key: string): Row => (one?.[0] === 'z' && other?.[0] === 'z' ? null : `${key}:${one}&${other}`)

interface Kept {
  readonly value: string
  readonly timestamp: number
}

interface NaiveTables {
  readonly left: Map<string, Kept>
  readonly right: Map<string, Kept>
  /** Takes a record; answers whether it is the newest of its row, which it always is in a plain table; undefined: it is not taken. */
  readonly put: (record: In & { readonly key: string }) => boolean | undefined
}

/** The rows of two tables; the left one with a history, in ms. */
function naiveTables(history: number | undefined): NaiveTables {
  const versions = naiveTable(history ?? 0)
  const tables = { left: new Map<string, Kept>(), right: new Map<string, Kept>() }
  return {
    ...tables,
    put: (record) => {
      const { key, value, timestamp } = record
      const end = record.from === 'left' && history !== undefined ? versions.put(record) : Infinity
      if (end === undefined || end < Infinity) return end === undefined ? undefined : false
      const rows = record.from === 'left' ? tables.left : tables.right
      if (value === null) rows.delete(key)
      else rows.set(key, { value, timestamp })
      return true
    },
  }
}

/** The left table, with a history or without. */
function leftTable(builder: StreamsBuilder, history: number | undefined): KTable<string, string, boolean> {
  if (history === undefined) return builder.table(left)
  return builder.table(left, { store: versionedStore('versions', { key: left.key, value: left.value, historyMs: history }) })
}

const histories = fc.option(fc.nat(30), { nil: undefined })

const KINDS = ['inner', 'leftJoined', 'outer'] as const

agrees('B4, P1–P4: a join of tables is at each update the pair of the rows of its key; nothing where there is none and was none', {
  settings: fc.record({ isStored: fc.boolean(), history: histories }),
  from: ['left', 'right'],
  late: 25,
  steps: (builder, { isStored, history }) => {
    const [one, other] = [leftTable(builder, history), builder.table(right)]
    const [inner, leftJoined, outer] = KINDS.map(named)
    const store = (name: string): { store?: string; value?: typeof left.value } => (isStored ? { store: name, value: left.value } : {})
    one.join(other, pair, store('i')).toStream().to(inner!)
    one.leftJoin(other, pair, store('l')).toStream().to(leftJoined!)
    one.outerJoin(other, pair, store('o')).toStream().to(outer!)
    return KINDS.map(named)
  },
  naive: ({ tell, drop }, { history }) => {
    const tables = naiveTables(history)
    return (record) => {
      const { from, key, value, timestamp } = record
      if (key === null) return drop('null_key')
      const [own, others] = from === 'left' ? [tables.left, tables.right] : [tables.right, tables.left]
      const [was, other] = [own.get(key), others.get(key)]
      const isNewest = tables.put({ ...record, key })
      if (isNewest !== true) {
        for (let times = isNewest === undefined ? 0 : KINDS.length; times > 0; times--) drop('late')
        return
      }
      for (const to of KINDS) {
        const ownMayMiss = to === 'outer' || (to === 'leftJoined' && from === 'right')
        const otherMayMiss = to === 'outer' || (to === 'leftJoined' && from === 'left')
        if (other === undefined && (!otherMayMiss || (value === null && was === undefined))) continue
        const isPair = (value !== null || ownMayMiss) && (value !== null || other !== undefined)
        const [one, two] = from === 'left' ? [value, other?.value ?? null] : [other?.value ?? null, value]
        tell({ ...record, to, value: isPair ? pair(one, two, key) : null, timestamp: Math.max(timestamp, other?.timestamp ?? 0) })
      }
    }
  },
})

/** The foreign key of a row. */
const foreignKey = (value: string): Row => (value[0] === 'x' ? 'a' : value[0] === 'y' ? 'eebrd' : null)

/** F1–F9, as Kafka Streams' instructions say it. */
function naiveForeignKey({ tell, drop }: World, isLeft: boolean, history: number | undefined): Naive {
  const { left: lefts, right: rights, put } = naiveTables(history)
  const asks = new Map<string, string>()
  return (record) => {
    const { from, key, value, timestamp } = record
    if (key === null) return drop('null_key')
    const joined = (row: string | undefined, other: Row, of: string): Row =>
      row === undefined || (other === null && !isLeft) ? null : pair(row, other, of)
    const was = lefts.get(key)?.value
    const isNewest = put({ ...record, key })
    if (isNewest !== true) return isNewest === undefined ? undefined : drop('late')
    if (from === 'right') {
      for (const [mine, other] of [...asks].toSorted(([a], [b]) => (a < b ? -1 : 1)))
        if (other === key) tell({ ...record, key: mine, value: joined(lefts.get(mine)?.value, value, mine) })
      return
    }
    if (was === undefined && value === null) return
    const [had, has] = [was, value].map((row) => (row === undefined || row === null ? null : foreignKey(row)))
    if (has === null) asks.delete(key)
    else asks.set(key, has!)
    if (!isLeft && value !== null && has === null) drop('null_key')
    if (!isLeft && has === null && had === null) return
    const other = rights.get(has ?? (isLeft ? null : had) ?? 'none')
    const mayTell = isLeft || has === null || (had !== null && had !== has) || other !== undefined
    const time = Math.max(timestamp, other?.timestamp ?? 0)
    if (mayTell) tell({ ...record, value: joined(value ?? undefined, has === null ? null : (other?.value ?? null), key), timestamp: time })
  }
}

for (const isLeft of [false, true]) {
  agrees(
    `F1–F10: ${isLeft ? 'a left' : 'an inner'} join by a foreign key tells of its rows as they change, of each when what it points to does`,
    {
      settings: fc.record({ history: histories }),
      from: ['left', 'right'],
      late: 25,
      steps: (builder, { history }) => {
        const [one, other] = [leftTable(builder, history), builder.table(right)]
        const options = { foreignKey, value: left.value }
        const joined = isLeft ? one.leftJoin(other, pair, options) : one.join(other, pair, options)
        joined.toStream().to(named('out'))
        return [named('out')]
      },
      naive: (world, { history }) => naiveForeignKey(world, isLeft, history),
    },
  )
}
