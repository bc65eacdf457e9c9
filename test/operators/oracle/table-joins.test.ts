/** Joins of two tables: two maps. */
import * as fc from 'fast-check'
import { agrees, left, named, right, type Naive, type World } from './harness.ts'

type Row = string | null

const pair = (one: Row, other: Row, key: string): Row => (one?.[0] === 'z' && other?.[0] === 'z' ? null : `${key}:${one}&${other}`)

interface Kept {
  readonly value: string
  readonly timestamp: number
}

/** The rows of two tables. */
function naiveRows(): Readonly<Record<string, Map<string, Kept>>> {
  return { left: new Map(), right: new Map() }
}

const KINDS = ['inner', 'leftJoined', 'outer'] as const

agrees('P1–P4: a join of tables is at each update the pair of the rows of its key; nothing where there is none and was none', {
  settings: fc.record({ isStored: fc.boolean() }),
  from: ['left', 'right'],
  steps: (builder, { isStored }) => {
    const [one, other] = [builder.table(left), builder.table(right)]
    const [inner, leftJoined, outer] = KINDS.map(named)
    const store = (name: string): { store?: string; value?: typeof left.value } => (isStored ? { store: name, value: left.value } : {})
    one.join(other, pair, store('i')).toStream().to(inner!)
    one.leftJoin(other, pair, store('l')).toStream().to(leftJoined!)
    one.outerJoin(other, pair, store('o')).toStream().to(outer!)
    return KINDS.map(named)
  },
  naive: ({ tell, drop }) => {
    const tables = naiveRows()
    return (record) => {
      const { from, key, value, timestamp } = record
      if (key === null) return drop('null_key')
      const [own, others] = [tables[from]!, tables[from === 'left' ? 'right' : 'left']!]
      const [was, other] = [own.get(key), others.get(key)]
      if (value === null) own.delete(key)
      else own.set(key, { value, timestamp })
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
function naiveForeignKey({ tell, drop }: World, isLeft: boolean): Naive {
  const { left: lefts, right: rights } = naiveRows()
  const asks = new Map<string, string>()
  return (record) => {
    const { from, key, value, timestamp } = record
    if (key === null) return drop('null_key')
    const joined = (row: string | undefined, other: Row, of: string): Row =>
      row === undefined || (other === null && !isLeft) ? null : pair(row, other, of)
    if (from === 'right') {
      if (value === null) rights!.delete(key)
      else rights!.set(key, { value, timestamp })
      for (const [mine, other] of [...asks].toSorted(([a], [b]) => (a < b ? -1 : 1)))
        if (other === key) tell({ ...record, key: mine, value: joined(lefts!.get(mine)?.value, value, mine) })
      return
    }
    const was = lefts!.get(key)?.value
    if (value === null) lefts!.delete(key)
    else lefts!.set(key, { value, timestamp })
    if (was === undefined && value === null) return
    const [had, has] = [was, value].map((row) => (row === undefined || row === null ? null : foreignKey(row)))
    if (has === null) asks.delete(key)
    else asks.set(key, has!)
    if (!isLeft && value !== null && has === null) drop('null_key')
    if (!isLeft && has === null && had === null) return
    const other = rights!.get(has ?? (isLeft ? null : had) ?? 'none')
    const mayTell = isLeft || has === null || (had !== null && had !== has) || other !== undefined
    const time = Math.max(timestamp, other?.timestamp ?? 0)
    if (mayTell) tell({ ...record, value: joined(value ?? undefined, has === null ? null : (other?.value ?? null), key), timestamp: time })
  }
}

for (const isLeft of [false, true]) {
  agrees(
    `F1–F10: ${isLeft ? 'a left' : 'an inner'} join by a foreign key tells of its rows as they change, of each when what it points to does`,
    {
      settings: fc.constant('none'),
      from: ['left', 'right'],
      steps: (builder) => {
        const [one, other] = [builder.table(left), builder.table(right)]
        const options = { foreignKey, value: left.value }
        const joined = isLeft ? one.leftJoin(other, pair, options) : one.join(other, pair, options)
        joined.toStream().to(named('out'))
        return [named('out')]
      },
      naive: (world) => naiveForeignKey(world, isLeft),
    },
  )
}
