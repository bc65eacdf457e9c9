/**
 * Whether a log was cut off behind a reader's back. A leader that lacks records which were read writes others in their place, and a position may be
 * within its log all the same; so whoever meets a new leader asks it where the epoch of the last record that was read ended. If that is before the
 * position, the two logs parted there.
 */
import { OFFSET_FOR_LEADER_EPOCH } from '../wire/api/list-offsets.ts'
import { brokerError } from './broker-error.ts'
import type { Cluster, Leader } from './cluster.ts'
import type { Reading } from './reading.ts'

/** Where a leader's log parted from what was read: an offset, or −1 where it knows nothing of it. Undefined: it has all. Throws what the broker refuses. */
export async function partedAt(
  cluster: Cluster,
  { tp: { topic, partition }, epoch, position }: Pick<Reading, 'tp' | 'epoch' | 'position'>,
  leader: Leader,
): Promise<number | undefined> {
  const lane = await cluster.lane(leader.node, 'call')
  const asked = { partition, currentLeaderEpoch: leader.epoch, leaderEpoch: epoch }
  const answer = await lane.request(OFFSET_FOR_LEADER_EPOCH, { topics: [{ topic, partitions: [asked] }] })
  const { errorCode, endOffset } = answer.topics[0]!.partitions[0]!
  if (errorCode !== 0) throw brokerError(errorCode, 'fetch', `asking where the records of ${topic}[${partition}] end`, { topic, partition })
  return endOffset < position ? endOffset : undefined
}
