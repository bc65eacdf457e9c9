/**
 * CRC-32C by the processor's own instruction, out of the optional package `@node-rs/crc32`: 26 ns for a record of 113 bytes in a batch, where the loop
 * takes 105 (benchmarks/micro/crc32c.ts). Where the package isn't there, or answers something else, the loop stays.
 */
import { createRequire } from 'node:module'
import { crc32c, registerCrc32c } from '../base/crc32c.ts'

/** Registers it; false: it isn't there. */
export function registerNativeCrc32c(load: () => unknown = loadPackage): boolean {
  const native = functionOf(load)
  if (native === undefined) return false
  registerCrc32c((bytes) => native(bytes) >>> 0)
  return true
}

/** The package's function, when it loads and answers as ours for bytes at every alignment. */
function functionOf(load: () => unknown): ((bytes: Uint8Array) => number) | undefined {
  try {
    const loaded = load()
    if (typeof loaded !== 'object' || loaded === null || !('crc32c' in loaded) || typeof loaded.crc32c !== 'function') return undefined
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- held to its contract below
    const native = loaded.crc32c as (bytes: Uint8Array) => number
    const sample = Uint8Array.from({ length: 100 }, (_, i) => (i * 151) & 255)
    for (let at = 0; at < 9; at++) if (native(sample.subarray(at)) >>> 0 !== crc32c(sample, at)) return undefined
    return native
  } catch {
    return undefined
  }
}

function loadPackage(): unknown {
  return createRequire(import.meta.url)('@node-rs/crc32')
}
