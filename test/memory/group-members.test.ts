import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/text.ts'
import { commonProtocol, makeMember, Members, metadataOf, sameProtocols } from '../../src/memory/group-members.ts'
import { joinRequest } from './group-world.ts'

const listing = (...names: string[]): { readonly protocols: { readonly name: string; readonly metadata: Uint8Array }[] } => ({
  protocols: names.map((name) => ({ name, metadata: utf8(name) })),
})

describe('Members', () => {
  it('keeps the order of joining, and puts a member with another id last', () => {
    const members = new Members()
    const [a, b] = ['a', 'b'].map((id) => makeMember(id, joinRequest(id, id, { instanceId: `${id}!` })))
    members.add(a!)
    members.add(b!)
    members.rename(a!, 'a2')
    expect(members.all().map(({ id }) => id)).toEqual(['b', 'a2'])
    expect([members.get('a'), members.get('a2'), members.ofInstance('a!')]).toEqual([undefined, a, a])
  })

  it('waits for those it expects, once', () => {
    const members = new Members()
    let cancelled = 0
    members.expect('a', () => cancelled++)
    expect(members.allJoining()).toBe(false)
    expect([members.arrived('b'), members.arrived('a'), members.arrived('a'), cancelled]).toEqual([false, true, false, 1])
    expect(members.allJoining()).toBe(true)
  })

  it('answers a waiting request once', () => {
    const members = new Members()
    const member = makeMember('a', joinRequest('a', 'a'))
    let answers = 0
    member.syncing = () => answers++
    for (let i = 0; i < 2; i++) members.answerSync(member, { errorCode: 0, assignment: new Uint8Array(0) })
    expect(answers).toBe(1)
  })

  it('stops the timers of all', () => {
    const members = new Members()
    let stopped = 0
    members.add({ ...makeMember('a', joinRequest('a', 'a')), cancelSession: () => stopped++ })
    members.expect('b', () => stopped++)
    members.close()
    expect(stopped).toBe(2)
  })
})

describe('protocols', () => {
  it.each([
    [
      [
        ['a', 'b'],
        ['b', 'a'],
      ],
      'a',
    ],
    [[['a', 'b'], ['b', 'a'], ['b']], 'b'],
    [
      [
        ['a', 'b', 'c'],
        ['c', 'b', 'a'],
        ['c', 'a', 'b'],
      ],
      'c',
    ],
    [[['a'], ['b']], undefined],
    [[], undefined],
  ])('of members that list %j is %j', (lists, expected) => {
    expect(commonProtocol(lists.map((names) => listing(...names)))).toBe(expected)
  })

  it('are the same when names, order and metadata are', () => {
    const { protocols } = listing('a', 'b')
    expect(sameProtocols(protocols, listing('a', 'b').protocols)).toBe(true)
    expect(sameProtocols(protocols, listing('b', 'a').protocols)).toBe(false)
    expect(sameProtocols(protocols, listing('a').protocols)).toBe(false)
    expect(
      sameProtocols(
        protocols,
        protocols.map(({ name }) => ({ name, metadata: utf8('x') })),
      ),
    ).toBe(false)
  })

  it('have their own metadata', () => {
    expect(metadataOf(listing('a', 'b').protocols, 'b')).toEqual(utf8('b'))
    expect(metadataOf([], 'b')).toEqual(utf8(''))
  })
})
