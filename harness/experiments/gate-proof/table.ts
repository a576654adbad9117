import { markdownTable } from 'markdown-table'
import { formatChange } from '../../report/gate/words.ts'
import type { Tally } from './splits.ts'

/** A line of the table: how often gates of one kind said what, and what is claimed of it. */
export interface ProofRow {
  readonly what: string
  readonly scenario: string
  /** How many runs it is drawn from; `null`: runs of its own. */
  readonly runs: number | null
  /** What the candidate's runs really have more of, on average; absent of the same thing. */
  readonly changes?: Readonly<Record<string, number | null>>
  readonly tally: Tally
  /** Of all gates: the share that may, or has to, fail. `null`: nothing is claimed of this line by itself. */
  readonly claim: { readonly kind: 'at most' | 'at least'; readonly share: number } | null
  /** Whether there is enough to judge the claim by. */
  readonly isEnough: boolean
}

/** Whether the claim holds. `null`: too little to tell. A contradiction counts, however little there is. */
export function holds({ tally, claim, isEnough }: ProofRow): boolean | null {
  if (claim === null) return null
  const gates = tally.fail + tally.pass + tally.unknown
  const share = gates === 0 ? 0 : tally.fail / gates
  const isKept = claim.kind === 'at most' ? share <= claim.share : share >= claim.share
  return isEnough ? isKept : null
}

export function renderProof(rows: readonly ProofRow[], commits: readonly string[]): string {
  const head = [
    'Candidate',
    'Scenario',
    'Runs',
    'Measured change',
    'Gates',
    'Failed',
    'Passed',
    'Unknown',
    'Claimed',
    '',
  ]
  const lines = rows.map((row) => {
    const { what, scenario, runs, changes = {}, tally, claim } = row
    const measured = Object.entries(changes).map(([metric, change]) => {
      return `${metric} ${change === null ? 'not measured' : formatChange(1 + change)}`
    })
    const gates = tally.fail + tally.pass + tally.unknown
    const answer = holds(row)
    return [
      what,
      scenario,
      runs === null ? 'of its own' : String(runs),
      measured.join(', ') || '-',
      gates.toLocaleString('en'),
      `${tally.fail} (${((100 * tally.fail) / Math.max(1, gates)).toFixed(1)} %)`,
      String(tally.pass),
      String(tally.unknown),
      claim === null ? '-' : `${claim.kind} ${100 * claim.share} % fail`,
      claim === null ? '' : answer === null ? 'too little to tell' : answer ? 'holds' : 'DOES NOT HOLD',
    ]
  })
  return `${markdownTable([head, ...lines])}\n\nMeasured at ${commits.join(', ')}.\n`
}
