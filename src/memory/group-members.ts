/** The members of a consumer group, in order of joining, and those who were given an id and have yet to join with it. */
import type { Clock } from '../base/clock.ts'
import { equalBytes } from '../base/bytes.ts'
import type { Random } from '../base/random.ts'
import type { JoinGroupRequest, JoinGroupResponse, SyncGroupResponse } from '../wire/api/group.ts'

/** What groups run on. */
export interface GroupPorts {
  readonly clock: Clock
  readonly random: Random
}

type Protocols = JoinGroupRequest['protocols']

/** One member. */
export interface Member {
  /** Another one when a static member comes back. */
  id: string
  readonly instanceId: string | null
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  protocols: Protocols
  assignment: Uint8Array
  /** Has it synchronised in this generation? */
  synced: boolean
  /** Answers the JoinGroup or SyncGroup that waits. */
  joining: ((answer: JoinGroupResponse) => void) | undefined
  syncing: ((answer: SyncGroupResponse) => void) | undefined
  cancelSession: () => void
}

/** A member that joins for the first time. */
export function makeMember(id: string, request: JoinGroupRequest): Member {
  const { groupInstanceId, sessionTimeoutMs, rebalanceTimeoutMs, protocols } = request
  return {
    id,
    instanceId: groupInstanceId,
    sessionTimeoutMs,
    rebalanceTimeoutMs,
    protocols,
    assignment: new Uint8Array(0),
    synced: false,
    joining: undefined,
    syncing: undefined,
    cancelSession: () => undefined,
  }
}

/** Members by id. */
export class Members {
  readonly #members: Map<string, Member> = new Map()
  /** Ids that were given, with what ends the wait for them. */
  readonly #expected: Map<string, () => void> = new Map()

  get size(): number {
    return this.#members.size
  }

  /** All of them, in order of joining. */
  all(): readonly Member[] {
    return [...this.#members.values()]
  }

  get(id: string): Member | undefined {
    return this.#members.get(id)
  }

  ofInstance(instanceId: string): Member | undefined {
    return this.all().find((member) => member.instanceId === instanceId)
  }

  add(member: Member): void {
    this.#members.set(member.id, member)
  }

  /** Gives a member another id. */
  rename(member: Member, id: string): void {
    this.#members.delete(member.id)
    member.id = id
    this.#members.set(id, member)
  }

  remove(member: Member): void {
    member.cancelSession()
    this.#members.delete(member.id)
  }

  /** Waits for somebody to join with an id that was given. */
  expect(id: string, cancel: () => void): void {
    this.#expected.set(id, cancel)
  }

  /** Whoever was given this id has come, or is given up; false when nobody waits for it. */
  arrived(id: string): boolean {
    this.#expected.get(id)?.()
    return this.#expected.delete(id)
  }

  /** True when all are waiting for the next generation, and nobody is expected. */
  allJoining(): boolean {
    return this.#expected.size === 0 && this.all().every(({ joining }) => joining !== undefined)
  }

  /** Answers a JoinGroup that waits. */
  answerJoin(member: Member, answer: JoinGroupResponse): void {
    const { joining } = member
    member.joining = undefined
    joining?.(answer)
  }

  /** Answers a SyncGroup that waits. */
  answerSync(member: Member, answer: SyncGroupResponse): void {
    const { syncing } = member
    member.syncing = undefined
    syncing?.(answer)
  }

  /** Stops all timers. */
  close(): void {
    for (const member of this.#members.values()) member.cancelSession()
    for (const cancel of this.#expected.values()) cancel()
  }
}

/** What a member says of itself under a protocol. */
export function metadataOf(protocols: Protocols, name: string): Uint8Array {
  return protocols.find((protocol) => protocol.name === name)?.metadata ?? new Uint8Array(0)
}

/** Whether two lists of protocols say the same. */
export function sameProtocols(a: Protocols, b: Protocols): boolean {
  return a.length === b.length && a.every(({ name, metadata }, i) => b[i]!.name === name && equalBytes(metadata, b[i]!.metadata))
}

/** The protocol that all list and most prefer; undefined: there is none. */
export function commonProtocol(members: readonly { readonly protocols: Protocols }[]): string | undefined {
  const [first] = members
  const common = (first?.protocols ?? [])
    .map(({ name }) => name)
    .filter((name) => members.every(({ protocols }) => protocols.some((protocol) => protocol.name === name)))
  const votes = new Map(common.map((name) => [name, 0]))
  for (const { protocols } of members) {
    const vote = protocols.find(({ name }) => votes.has(name))
    if (vote !== undefined) votes.set(vote.name, votes.get(vote.name)! + 1)
  }
  let best = common[0]
  for (const name of common) if (votes.get(name)! > votes.get(best!)!) best = name
  return best
}
