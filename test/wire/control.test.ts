import { expect, it } from 'vitest'
import { readHeader } from '../../src/wire/batch-reader.ts'
import { stampOffset } from '../../src/wire/batch-stamp.ts'
import { markerBatch, readMarker } from '../../src/wire/control.ts'
import { jvmMarkers } from './jvm-batches.ts'
import { naiveBatch } from './naive-batch.ts'
import { failure } from './reading.ts'

const marker = (batch: Uint8Array): unknown => readMarker(batch, readHeader(batch, 0, batch.length)!)
const control = (key: number[], value: number[]): Uint8Array =>
  naiveBatch([{ offset: 0, timestamp: 1, key: Uint8Array.from(key), value: Uint8Array.from(value), headers: [] }], { attributes: 48 })

it('reads the JVM’s markers', () => {
  expect(marker(jvmMarkers.abort)).toEqual({ verdict: 'abort', coordinatorEpoch: 11 })
  expect(marker(jvmMarkers.commit)).toEqual({ verdict: 'commit', coordinatorEpoch: 11 })
})

it('reads a marker in the middle of a frame', () => {
  const frame = Buffer.concat([jvmMarkers.abort, jvmMarkers.commit])
  expect(readMarker(frame, readHeader(frame, jvmMarkers.abort.length, frame.length)!)).toEqual({ verdict: 'commit', coordinatorEpoch: 11 })
})

it('writes the JVM’s markers, byte for byte', () => {
  for (const verdict of ['abort', 'commit'] as const) {
    const batch = markerBatch({ verdict, coordinatorEpoch: 11, producerId: 77, producerEpoch: 3, timestamp: 1700000000000 })
    stampOffset(batch, 123, 4)
    expect(Buffer.from(batch).toString('hex')).toBe(Buffer.from(jvmMarkers[verdict]).toString('hex'))
  }
})

it('passes over other control records', () => {
  for (const type of [2, 3, 4, 255]) expect(marker(control([0, 0, 0, type], []))).toBeUndefined()
})

it('refuses control batches without a whole marker', () => {
  expect(failure(() => marker(control([0, 0], [0, 0, 0, 0, 0, 1])))?.code).toBe('RECORD_CORRUPT')
  expect(failure(() => marker(control([0, 0, 0, 1], [0, 0])))?.code).toBe('RECORD_CORRUPT')
  expect(failure(() => marker(naiveBatch([], { attributes: 48 })))?.code).toBe('RECORD_CORRUPT')
  const long = Uint8Array.from(control([0, 0, 0, 1], [0, 0, 0, 0, 0, 1]))
  long[65] = 200
  expect(failure(() => marker(long))?.code).toBe('RECORD_CORRUPT')
})
