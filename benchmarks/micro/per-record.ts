/**
 * Runs kernels with mitata and prints what one record costs: the best sample, the median, and the bytes allocated. Wall time: on shared
 * cores trust the best sample. `--smoke` runs each kernel once, so that none can rot.
 */
import { getHeapStatistics } from 'node:v8'
import { measure } from 'mitata'

/** Measures each kernel, which works on `records` records a call, and prints a line for each. */
export async function perRecord(records: number, kernels: Readonly<Record<string, () => unknown>>): Promise<void> {
  for (const [name, kernel] of Object.entries(kernels)) {
    if (process.argv.includes('--smoke')) {
      kernel()
      console.log(`${name}: ran`)
      continue
    }
    const { min, p50, heap } = await measure(kernel, { heap: usedHeap, min_cpu_time: 1e9 })
    const each = (value: number): string => (value / records).toFixed(1).padStart(8)
    console.log(`${name.padEnd(36)} best ${each(min)} ns  median ${each(p50)} ns  heap ${each(heap?.avg ?? 0)} B`)
  }
}

function usedHeap(): number {
  const { used_heap_size, malloced_memory } = getHeapStatistics()
  return used_heap_size + malloced_memory
}
