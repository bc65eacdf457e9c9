import { describe, expect, test } from 'vitest'
import { fullOuter, leftOuter } from '../../../src/operators/join/join-kind.ts'
import { joinWindow } from '../../../src/operators/join/join-windows.ts'
import { stateful, type Stateful } from '../../support/operator-state.ts'
import { twoStreams } from '../../support/two-streams.ts'

type Running = Stateful<string | null, string | null, string | null, string>

const send = ({ running }: Running, topic: 'left' | 'right', value: string, timestamp: number, key = value): unknown =>
  running.send({ key, value, timestamp, topic })

const values = ({ running }: Running): string[] => running.take().map(({ value }) => value)

const waiting = ({ rows }: Running): unknown => rows('unmatched')

describe('what waits', () => {
  test('is in lists by time, side and key, in Kafka Streams’ bytes, and gone when it met something', () => {
    const join = stateful(twoStreams(fullOuter, joinWindow(10)))
    send(join, 'left', '1', 5, 'k')
    send(join, 'left', '2', 5, 'k')
    send(join, 'right', 'r', 5, 'q')
    expect(waiting(join)).toEqual({
      kind: 'keyValue',
      entries: [
        ['00000000000000050071', '0100000001000000020072'],
        ['0000000000000005016b', '0100000002000000020131000000020132'],
      ],
    })
    send(join, 'right', 'mate', 7, 'k')
    expect(values(join)).toEqual(['k:1&mate', 'k:2&mate'])
    expect(waiting(join)).toMatchObject({ entries: [['00000000000000050071', expect.any(String)]] })
  })

  test('is told in order of time, right before left, then key bytes', () => {
    const join = stateful(twoStreams(fullOuter, joinWindow(10)))
    for (const [side, value, timestamp] of [
      ['left', 'b', 3],
      ['left', 'a', 3],
      ['right', 'z', 3],
      ['left', 'é', 2],
      ['left', 'k', 2],
    ] as const)
      // prettier-ignore
      send(join, side, value, timestamp)
    send(join, 'left', 'far', 100)
    expect(values(join)).toEqual(['k:k&null', 'é:é&null', 'z:null&z', 'a:a&null', 'b:b&null'])
    expect(waiting(join)).toMatchObject({ entries: [[expect.stringMatching(/01666172$/), expect.any(String)]] })
  })
})

describe('a look at what has closed', () => {
  test('J8: is only taken by a record that is not late, and strictly behind window and grace', () => {
    const join = stateful(twoStreams(leftOuter, joinWindow(10).grace(5)))
    send(join, 'left', 'a', 0)
    send(join, 'left', 'b', 15)
    send(join, 'left', 'late', 14)
    expect(values(join)).toEqual([])
    send(join, 'right', 'c', 16)
    expect(values(join)).toEqual(['a:a&null'])
  })

  test('is taken at most once in the interval of the wall clock', () => {
    const join = stateful(twoStreams(leftOuter, joinWindow(1)), { scanIntervalMs: 1000 })
    join.running.now = 5000
    send(join, 'left', 'a', 0)
    send(join, 'left', 'b', 10)
    // The first record looked although nothing waited, as in Kafka Streams.
    expect(values(join)).toEqual([])
    join.running.now = 5999
    send(join, 'left', 'c', 20)
    expect(values(join)).toEqual([])
    join.running.now = 6000
    send(join, 'left', 'd', 30)
    expect(values(join)).toEqual(['a:a&null', 'b:b&null', 'c:c&null'])
  })

  test('in parity mode does not look where nothing waits and neither window nor grace reaches beyond the record', () => {
    const join = stateful(twoStreams(leftOuter, joinWindow(10).after(0)), { scanIntervalMs: 1000, parity: true })
    send(join, 'left', 'a', 0)
    send(join, 'left', 'b', 10)
    expect(values(join)).toEqual(['a:a&null'])
  })

  test('ends where both sides have one that is open, and what it looked at last decides when there is a next one', () => {
    // Left records wait for 100 ms, right ones for 10.
    const join = stateful(twoStreams(fullOuter, joinWindow(10).after(100)))
    send(join, 'left', 'l', 0)
    send(join, 'right', 'r', 1)
    send(join, 'left', 'm', 5)
    send(join, 'right', 'q', 12)
    expect(values(join)).toEqual(['r:null&r'])
    send(join, 'right', 's', 14)
    // This one finds `m` and `q` open, and ends at `s`.
    send(join, 'right', 't', 16)
    send(join, 'right', 'u', 23)
    expect(values(join)).toEqual([])
    send(join, 'right', 'v', 25)
    expect(values(join)).toEqual(['q:null&q', 's:null&s'])
  })
})

test('where unmatched records are told at once, nothing waits', () => {
  const join = stateful(twoStreams(fullOuter, joinWindow(10).eager()))
  send(join, 'left', 'l', 0, 'k')
  send(join, 'right', 'r', 0, 'k')
  expect(values(join)).toEqual(['k:l&null', 'k:l&r'])
  expect(() => waiting(join)).toThrow(expect.objectContaining({ code: 'UNKNOWN_STORE' }))
})

test('a failure below keeps what was not told', async () => {
  const failing = stateful(twoStreams(leftOuter, joinWindow(1)), {
    below: (_key, value) => (value === 'b:b&null' ? Promise.reject(new Error('below')) : undefined),
  })
  for (const [value, timestamp] of [['a', 0], ['b', 1], ['c', 2]] as const) send(failing, 'left', value, timestamp) // prettier-ignore
  await expect(Promise.resolve(send(failing, 'left', 'd', 100))).rejects.toThrow('below')
  expect(values(failing)).toEqual(['a:a&null', 'b:b&null'])
  expect(waiting(failing)).toMatchObject({
    entries: [
      [expect.stringMatching(/62$/), expect.anything()],
      [expect.stringMatching(/63$/), expect.anything()],
    ],
  })
})

test('in parity mode what was told last before a failure is told again, as Kafka Streams deletes it only then', () => {
  const kept = ([false, true] as const).map((parity) => {
    const join = stateful(
      twoStreams(leftOuter, joinWindow(1), (l, r, k) => {
        if (l === 'c') throw new Error('joiner')
        return `${k}:${l}&${r}`
      }),
      { parity },
    )
    for (const [value, timestamp] of [['a', 0], ['b', 1], ['c', 2]] as const) send(join, 'left', value, timestamp) // prettier-ignore
    expect(() => send(join, 'left', 'd', 100)).toThrow('joiner')
    return (waiting(join) as { entries: unknown[] }).entries.length
  })
  expect(kept).toEqual([1, 2])
})
