import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CODE } from '../../src/memory/codes.ts'
import { groupWorld, type TestMember } from './group-world.ts'

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 100)

describe('a storm of joins', () => {
  /** What a member does next, as a client would. */
  async function step(member: TestMember): Promise<void> {
    if (member.joined === undefined && member.generation >= 0) return
    if (member.joined?.errorCode === CODE.NONE && member.assignment === undefined && member.synced === undefined) await member.sync()
    const answer =
      member.synced?.errorCode === CODE.NONE
        ? member.heartbeat()
        : (member.synced?.errorCode ?? member.joined?.errorCode ?? CODE.UNKNOWN_MEMBER_ID)
    if (answer === CODE.NONE) return
    if (answer !== CODE.REBALANCE_IN_PROGRESS) member.id = ''
    member.generation = -1
    member.synced = undefined
    await member.join()
    member.generation = member.joined === undefined ? 0 : member.generation
  }

  interface Life {
    readonly at: number
    readonly leavesAt: number | undefined
    readonly crashes: boolean
    readonly member: TestMember
    gone: boolean
  }

  async function live(one: Life, round: number): Promise<void> {
    if (one.gone || round < one.at) return
    one.gone = one.leavesAt !== undefined && round >= one.at + one.leavesAt
    if (!one.gone) await step(one.member)
    else if (!one.crashes) one.member.leave()
  }

  it('converges: whoever stays is in one generation, with one leader, and has its own assignment', async () => {
    const life = fc.record({ at: fc.nat(20), leavesAt: fc.option(fc.nat(30), { nil: undefined }), crashes: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 6 }), async (lives) => {
        const { clock, group, member } = groupWorld()
        const members = lives.map((one, i): Life => ({ ...one, member: member(`m${i}`), gone: false }))
        for (let round = 0; round < 80; round++) {
          for (const one of members) await live(one, round)
          await clock.advance(2500)
        }
        const staying = members.filter(({ gone }) => !gone).map((one) => one.member)
        const ids = (list: readonly string[]): string[] => list.toSorted()
        expect(ids(group.members().map(({ memberId }) => memberId))).toEqual(ids(staying.map(({ id }) => id)))
        expect(staying.map(({ generation }) => generation)).toEqual(staying.map(() => group.generation))
        expect(staying.map(({ assignment }) => assignment)).toEqual(staying.map(({ name }) => name.toUpperCase()))
        expect(staying.filter(({ leads }) => leads)).toHaveLength(Math.min(1, staying.length))
        expect(group.state).toBe(staying.length === 0 ? 'Empty' : 'Stable')
        group.close()
      }),
      { numRuns },
    )
  })
})
