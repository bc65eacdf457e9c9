import { describe, expect, it } from 'vitest'
import { LeaderEpochs } from '../../src/memory/leader-epochs.ts'

describe('LeaderEpochs', () => {
  it('ends the current epoch at the end of the log', () => {
    expect(new LeaderEpochs().endOf(0, 12)).toEqual({ leaderEpoch: 0, endOffset: 12 })
  })

  it('ends an older epoch where the next one began', () => {
    const epochs = new LeaderEpochs()
    epochs.next(5)
    epochs.next(9)
    expect(epochs.endOf(0, 12)).toEqual({ leaderEpoch: 0, endOffset: 5 })
    expect(epochs.endOf(1, 12)).toEqual({ leaderEpoch: 1, endOffset: 9 })
    expect(epochs.endOf(2, 12)).toEqual({ leaderEpoch: 2, endOffset: 12 })
  })

  it('knows nothing of epochs to come', () => {
    expect(new LeaderEpochs().endOf(1, 12)).toEqual({ leaderEpoch: -1, endOffset: -1 })
  })

  it('answers the newest older epoch for one in which nothing was written', () => {
    const epochs = new LeaderEpochs()
    epochs.next(5)
    epochs.next(5)
    expect(epochs.endOf(1, 12)).toEqual({ leaderEpoch: 0, endOffset: 5 })
  })

  it('forgets what the log lost', () => {
    const epochs = new LeaderEpochs()
    epochs.next(5)
    epochs.loseFrom(3)
    epochs.next(3)
    expect(epochs.endOf(1, 4)).toEqual({ leaderEpoch: 0, endOffset: 3 })
    expect(epochs.endOf(0, 4)).toEqual({ leaderEpoch: 0, endOffset: 3 })
  })
})
