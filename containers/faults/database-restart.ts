import type { Fault } from '../../harness/fault.ts'
import { at, effect, type PerLevel, withStandIn } from './standing-in.ts'

/** How long the database is gone. */
const downMs: PerLevel<number> = [600, 1_000, 1_800, 2_600, 3_500]
const [earliestMs, latestMs] = [1_500, 4_000]

export const databaseRestart: Fault = {
  name: 'database-restart',
  description: 'PostgreSQL is shut down, and started again a little later',
  causes: ['database-down'],
  runtimes: withStandIn,
  stopsDatabase: true,
  describe: (level) => `gone for ${at(downMs, level)} ms`,
  async inject({ stack, until, random, note, signal }, level) {
    const { postgres } = stack
    if (!postgres?.stop || !postgres.start) return
    const atMs = earliestMs + random() * (latestMs - earliestMs)
    await until(atMs)
    await postgres.stop()
    note('stopped')
    try {
      await until(atMs + at(downMs, level))
    } finally {
      // Also when the run is over: it is read back.
      await postgres.start(signal.aborted ? AbortSignal.timeout(10_000) : signal)
      note('started')
    }
  },
  check({ notes }) {
    return effect(notes.includes('stopped') && notes.includes('started'), notes.join(', ') || 'nothing was done')
  },
}
