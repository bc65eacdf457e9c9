import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Transport } from '../../src/kafka/lane.ts'
import { seeded } from '../../src/base/random.ts'
import { socketTransport, type SocketTransportOptions } from '../../src/platform/socket-transport.ts'
import { METADATA } from '../../src/wire/api/metadata.ts'
import { manualClock, type ManualClock } from '../memory/world.ts'
import { failure } from '../wire/reading.ts'
import { TinyBroker } from './tiny-broker.ts'

const ASK = { topics: [], allowAutoTopicCreation: false }
const sasl = { mechanism: 'plain', username: 'alice', password: 'secret' } as const

let broker: TinyBroker
let clock: ManualClock

function transport(options: Partial<SocketTransportOptions> = {}): Transport {
  return socketTransport({ brokers: [broker.address], clientId: 'tests', clock, random: seeded(1), ...options })
}

beforeEach(async () => {
  clock = manualClock()
  broker = await TinyBroker.start({ sessionLifetimeMs: 10_000 })
})
afterEach(() => broker.close())

describe('seeds', () => {
  it('are hosts with ports, IPv6 in brackets, 9092 where none is said', () => {
    expect(transport({ brokers: ['kafka-1:9093', ' kafka-2 ', '10.0.0.1:1', '[::1]:9094', '[fe80::1]'] }).seeds()).toEqual([
      { host: 'kafka-1', port: 9093 },
      { host: 'kafka-2', port: 9092 },
      { host: '10.0.0.1', port: 1 },
      { host: '::1', port: 9094 },
      { host: 'fe80::1', port: 9092 },
    ])
  })

  it.each(['', ':9092', 'kafka:port', 'kafka:0', 'kafka:65536', '::1:9092', 'kafka://a:1'])('are not %j', (text) => {
    expect(failure(() => transport({ brokers: [text] }))).toMatchObject({ code: 'CONFIG_VALUE' })
  })
})

describe('lanes', () => {
  it('are connections of their own, dialled when they are asked for, to the broker that is named', async () => {
    const sockets = transport()
    expect(broker.connections).toBe(0)
    const first = await sockets.lane(sockets.seeds()[0]!, 'call')
    const second = await sockets.lane({ ...sockets.seeds()[0]!, nodeId: 3 }, 'group')
    expect(broker.connections).toBe(2)
    expect([first.node, second.node]).toEqual([-1, 3])
    expect(await first.request(METADATA, ASK)).toMatchObject({ controllerId: 2 })
    first.close()
    await expect.poll(() => broker.open.size).toBe(1)
    expect(await second.request(METADATA, ASK)).toMatchObject({ controllerId: 2 })
    await sockets.close()
  })

  it('close with their transport, which opens no more', async () => {
    const sockets = transport()
    const [seed] = sockets.seeds()
    const lane = await sockets.lane(seed!, 'call')
    const dialling = sockets.lane(seed!, 'produce')
    await sockets.close()
    await expect(dialling).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    await expect(lane.request(METADATA, ASK)).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    await expect(sockets.lane(seed!, 'call')).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    await expect.poll(() => broker.open.size).toBe(0)
  })

  it('say when their broker is gone', async () => {
    const sockets = transport()
    const lane = await sockets.lane(sockets.seeds()[0]!, 'call')
    const closed = new Promise((resolve) => lane.onClose(resolve))
    for (const socket of broker.open) socket.destroy()
    expect(await closed).toMatchObject({ code: 'CONNECTION_LOST', retriable: true })
    await sockets.close()
  })
})

describe('a session that ends', () => {
  it('is replaced by a new one between 70 and 80 % of its lifetime, and again', async () => {
    const sockets = transport({ sasl })
    const lane = await sockets.lane(sockets.seeds()[0]!, 'call')
    for (const connections of [2, 3]) {
      await clock.advance(6999)
      expect(broker.connections).toBe(connections - 1)
      await clock.advance(1001)
      await expect.poll(() => broker.connections).toBe(connections)
      await expect.poll(() => broker.open.size).toBe(1)
      expect(await lane.request(METADATA, ASK)).toMatchObject({ controllerId: connections })
    }
    await sockets.close()
    await expect.poll(() => broker.open.size).toBe(0)
    expect(clock.pending()).toBe(0)
  })

  it('is used to its end where no new one can be had, and replaced when one can', async () => {
    const sockets = transport({ sasl })
    const lane = await sockets.lane(sockets.seeds()[0]!, 'call')
    let closed: Error | undefined
    lane.onClose((why) => {
      closed = why
    })
    broker.refuses = true
    await clock.advance(8000)
    await expect.poll(() => broker.connections).toBe(2)
    expect(closed).toBeUndefined()
    expect(await lane.request(METADATA, ASK)).toMatchObject({ controllerId: 2 })
    broker.refuses = false
    await expect
      .poll(async () => {
        await clock.advance(1000)
        return broker.connections
      })
      .toBeGreaterThan(2)
    await expect.poll(() => broker.open.size).toBe(1)
    expect(closed).toBeUndefined()
    await sockets.close()
    expect(closed).toMatchObject({ code: 'CONNECTION_LOST' })
  })
})
