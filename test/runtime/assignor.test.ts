import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TaskId } from '../../src/model/task-id.ts'
import { assignTasks, type AssignmentMember, type AssignmentTask } from '../../src/runtime/assignor.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100)

const tasks = fc
  .uniqueArray(fc.tuple(fc.nat(3), fc.nat(9)), { selector: ([s, p]) => `${s}_${p}`, maxLength: 30 })
  .chain((ids) => fc.tuple(...ids.map(([s, p]) => fc.record({ id: fc.constant<TaskId>(`${s}_${p}`), stateful: fc.boolean() }))))

const world = fc.tuple(tasks, fc.integer({ min: 1, max: 6 })).chain(([all, count]) => {
  const ids = all.map(({ id }) => id)
  const some = fc.subarray(ids)
  const someMember = (n: number): fc.Arbitrary<AssignmentMember> =>
    fc.record({
      id: fc.constant(`m${n}`),
      running: some,
      lags: fc
        .array(fc.tuple(ids.length > 0 ? fc.constantFrom(...ids) : fc.constant<TaskId>('0_0'), fc.nat(100)))
        .map((pairs) => new Map(pairs)),
    })
  return fc.record({
    tasks: fc.constant(all as AssignmentTask[]),
    members: fc.tuple(...Array.from({ length: count }, (_, n) => someMember(n))),
  })
})

test('every task has exactly one owner and loads differ by at most one', () => {
  fc.assert(
    fc.property(world, ({ tasks: all, members }) => {
      const assignment = assignTasks(members, all)
      expect([...assignment.values()].flat().sort()).toEqual(all.map(({ id }) => id).sort())
      const sizes = [...assignment.values()].map((own) => own.length)
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
    }),
    { numRuns: RUNS },
  )
})

test('the answer does not depend on the order of members and tasks', () => {
  fc.assert(
    fc.property(world, ({ tasks: all, members }) => {
      expect(assignTasks([...members].reverse(), [...all].reverse())).toEqual(assignTasks(members, all))
    }),
    { numRuns: RUNS },
  )
})

test('a second assignment of the same members moves nothing', () => {
  fc.assert(
    fc.property(world, ({ tasks: all, members }) => {
      const first = assignTasks(members, all)
      const settled = members.map((before) => ({ ...before, running: first.get(before.id) ?? [] }))
      expect(assignTasks(settled, all)).toEqual(first)
    }),
    { numRuns: RUNS },
  )
})

test('a member that joins takes only its share, and the others keep the rest', () => {
  const all: AssignmentTask[] = Array.from({ length: 6 }, (_, p) => ({ id: `0_${p}` as TaskId, stateful: true }))
  const before = assignTasks([member('a', []), member('b', [])], all)
  const after = assignTasks([member('a', before.get('a')!), member('b', before.get('b')!), member('c', [])], all)
  expect(after.get('c')).toHaveLength(2)
  for (const id of ['a', 'b']) for (const task of after.get(id)!) expect(before.get(id)).toContain(task)
})

test('a task without an owner goes where its copy is most complete', () => {
  const all: AssignmentTask[] = [{ id: '0_0', stateful: true }]
  const assignment = assignTasks([member('a', []), member('b', [], [['0_0', 50]]), member('c', [], [['0_0', 5]])], all)
  expect(assignment.get('c')).toEqual(['0_0'])
})

test('a task that two members claim is believed of neither', () => {
  const all: AssignmentTask[] = [
    { id: '0_0', stateful: false },
    { id: '0_1', stateful: false },
  ]
  const assignment = assignTasks([member('a', ['0_0', '0_1']), member('b', ['0_0'])], all)
  expect([...assignment.values()].map((own) => own.length)).toEqual([1, 1])
})

test('a thousand tasks are placed within 200 ms', () => {
  const all: AssignmentTask[] = Array.from({ length: 1_000 }, (_, p) => ({ id: `0_${p}` as TaskId, stateful: true }))
  const members = Array.from({ length: 20 }, (_, n) => member(`m${n}`, []))
  const start = performance.now()
  assignTasks(members, all)
  expect(performance.now() - start).toBeLessThan(200)
})

function member(id: string, running: readonly TaskId[], lags: readonly (readonly [TaskId, number])[] = []): AssignmentMember {
  return { id, running, lags: new Map(lags) }
}
