import { expect, test } from 'vitest'
import { EventHub } from '../../src/runtime/events.ts'

const event = { at: 1, state: 'RUNNING' as const, before: 'REBALANCING' as const }

test('every listener is told until it is taken off', () => {
  const hub = new EventHub(() => undefined)
  const seen: string[] = []
  const off = hub.on('state', ({ state }) => seen.push(`a ${state}`))
  hub.on('state', ({ state }) => seen.push(`b ${state}`))
  hub.emit('state', event)
  off()
  hub.emit('state', event)
  expect(seen).toEqual(['a RUNNING', 'b RUNNING', 'b RUNNING'])
})

test('a listener that throws is reported, and the others are told', () => {
  const failures: unknown[] = []
  const hub = new EventHub((error, name) => failures.push([name, String(error)]))
  let told = false
  hub.on('state', () => {
    throw new Error('mine')
  })
  hub.on('state', () => {
    told = true
  })
  hub.emit('state', event)
  expect([told, failures]).toEqual([true, [['state', 'Error: mine']]])
})
