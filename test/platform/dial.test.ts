import { connect } from 'node:net'
import { Kafka, logLevel } from 'kafkajs'
import { afterEach, expect, it } from 'vitest'
import type { ClusterError } from '../../src/base/errors.ts'
import { dial, type DialOptions } from '../../src/platform/dial.ts'
import { TinyBroker, type TinyBrokerOptions } from './tiny-broker.ts'

const OPTIONS: DialOptions = { clientId: 'tests', timeoutMs: 5000 }
/** What dialling leaves behind when it is over: nothing but the connection. */
const KEPT = ['TCPSocketWrap', 'TCPServerWrap', 'PipeWrap', 'TTYWrap', 'MessagePort']

let broker: TinyBroker

async function start(options: TinyBrokerOptions = {}): Promise<{ readonly host: string; readonly port: number }> {
  broker = await TinyBroker.start(options)
  return { host: '127.0.0.1', port: broker.port }
}

async function refusal(to: { readonly host: string; readonly port: number }, options: Partial<DialOptions> = {}): Promise<ClusterError> {
  return dial(to, { ...OPTIONS, ...options }).then(
    () => {
      throw new Error('it was dialled')
    },
    (error: ClusterError) => error,
  )
}

afterEach(() => broker.close())

it('hands over one open connection, on which nobody else speaks any more', async () => {
  const socket = await dial(await start(), OPTIONS)
  expect(broker.connections).toBe(1)
  expect(broker.open.size).toBe(1)
  const answer = new Promise<string>((resolve) => {
    socket.listen(
      (chunk, length) => resolve(Buffer.from(chunk.subarray(0, length)).toString('hex')),
      (why) => resolve(why),
    )
  })
  // ApiVersions v0 with correlation id 7, in two pieces.
  socket.write([Uint8Array.of(0, 0, 0, 10, 0, 18, 0, 0), Uint8Array.of(0, 0, 0, 7, 255, 255)])
  expect(await answer).toMatch(/^0000002200000007/)
  socket.destroy()
})

it('no-timer-left-after-dial: leaves no timer behind, which would keep a process alive', async () => {
  const timers = (): string[] => process.getActiveResourcesInfo().filter((name) => !KEPT.includes(name))
  // kafkajs lets its last timer, of 1 ms, run out, when the process comes to it; what it left behind would be there for many seconds.
  const runOut = async (most: number): Promise<void> => {
    for (let i = 0; i < 100 && timers().length > most; i++) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await runOut(0)
  const before = timers()
  const socket = await dial(await start(), OPTIONS)
  await runOut(before.length)
  expect(timers()).toEqual(before)
  socket.destroy()
})

it('says when the broker ends the connection, even before anybody listens', async () => {
  const socket = await dial(await start(), OPTIONS)
  const ended = (): Promise<string> => new Promise((resolve) => socket.listen(() => undefined, resolve))
  const first = ended()
  for (const open of broker.open) open.destroy()
  expect(await first).toMatch(/ended|reset/i)
  expect(await ended()).toMatch(/ended|reset/i)
})

it('takes the lifetime of the session from the broker', async () => {
  const sasl = { mechanism: 'plain', username: 'alice', password: 'secret' } as const
  const to = await start({ sessionLifetimeMs: 3_600_000 })
  const socket = await dial(to, { ...OPTIONS, sasl })
  expect(socket.sessionLifetimeMs).toBe(3_600_000)
  socket.destroy()
  const without = await dial(to, OPTIONS)
  expect(without.sessionLifetimeMs).toBe(0)
  without.destroy()
})

it.each([
  ['a broker that closes at once', { closes: true }, { code: 'CONNECTION_LOST', retriable: true }],
  ['a port that speaks TLS', { says: Uint8Array.of(0x15, 3, 3, 0, 2, 2, 80) }, { code: 'TLS_EXPECTED', retriable: false }],
  ['a broker that never answers', { silent: true }, { code: 'CONNECTION_LOST', retriable: true }],
] as const)('fails at %s, and leaves no connection open', async (_, behaviour, expected) => {
  const to = await start(behaviour)
  expect(await refusal(to, { timeoutMs: 300 })).toMatchObject(expected)
  await expect.poll(() => broker.open.size).toBe(0)
})

it('says that nothing listens where nothing does', async () => {
  const to = await start()
  await broker.close()
  expect(await refusal(to)).toMatchObject({
    code: 'CONNECTION_LOST',
    retriable: true,
    message: expect.stringMatching(new RegExp(`127.0.0.1:${to.port}.*nothing listens there`)),
  })
})

it('gives kafkajs all that it uses of a socket', async () => {
  const { host, port } = await start()
  const used = new Set<string>()
  const admin = new Kafka({
    brokers: [`${host}:${port}`],
    sasl: { mechanism: 'plain', username: 'alice', password: 'secret' },
    logLevel: logLevel.NOTHING,
    socketFactory: ({ onConnect }) =>
      new Proxy(connect({ host, port }, onConnect), {
        get: (socket, name) => {
          used.add(String(name))
          const value: unknown = Reflect.get(socket, name)
          return typeof value === 'function' ? value.bind(socket) : value
        },
      }),
  }).admin()
  await admin.connect()
  await admin.disconnect()
  expect([...used].sort()).toEqual(['end', 'on', 'unref', 'write'])
})
