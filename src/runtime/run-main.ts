/**
 * `runMain(import.meta.url, app)`: starts the application only when its file is the program's entry, closes it on SIGTERM and SIGINT, and sets the
 * exit code. Imported by a test or a tool, the file only builds.
 */
import type { KafkaStreams } from './kafka-streams.ts'

/** Runs the application when `url` is the program's entry; settles when it runs, or when a signal ended it before. The same signal a second time ends the process at once. */
export async function runMain(url: string, app: KafkaStreams): Promise<void> {
  const { isEntry, onSignal, exitWith } = await import('../platform/process.ts')
  if (!isEntry(url)) return
  let closing = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    onSignal(signal, () => {
      onSignal(signal, () => exitWith(1, true))
      closing = true
      void app.close().then(({ clean }) => exitWith(clean ? 0 : 1, false))
    })
  }
  try {
    await app.start()
  } catch (error) {
    if (!closing) throw error
  }
}
