import type { Ask, Row } from '../../prediction.ts'
import type { TrialForecast } from '../../trial.ts'
import { formatAt, formatBytes } from '../../units.ts'
import type { Verdict } from '../../verdict.ts'
import { checkRecord } from '../what-if.ts'

/** What the queueing model makes of a run from the run's own figures. `null`: its record does not hold them. */
export async function foresee(dir: string, verdict: Verdict, ask: Ask): Promise<TrialForecast | null> {
  const check = await checkRecord(dir, verdict, ask)
  if (!check) return null
  const { prediction, rows } = check
  return {
    diedMs: prediction.diedMs,
    memory: prediction.series.map(({ t, memoryBytes }) => [t, memoryBytes] as const),
    disagreements: rows.filter((row) => row.isAmong === false).map(describe),
  }
}

function describe({ what, unit, measured = null, among }: Row): TrialForecast['disagreements'][number] {
  const format = (value: number) =>
    unit === 'moment' ? formatAt(value) : unit === 'bytes' ? formatBytes(value) : value.toLocaleString('en')
  const ends = among === null ? ['never'] : [...new Set([format(among.low), format(among.high)])]
  return { what, told: `${measured === null ? 'never' : format(measured)}, predicted ${ends.join(' to ')}` }
}
