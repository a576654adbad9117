import type { OptionResult } from '../../option.ts'
import { formatMs } from '../../units.ts'
import { range } from '../comparison/rows.ts'
import { describeAcknowledged } from './rows.ts'

export const beforeAfterHead = [
  'Aspect',
  'Before, says the report',
  'Measured',
  'After option A, says the report',
  'Measured',
]

/** The report's table "before and after", line by line, beside what was measured. Empty: one of both was not run. */
export function beforeAfterRows(results: readonly OptionResult[]): string[][] {
  const [before, after] = ['load-first', 'A'].map((name) => results.find((result) => result.name === name))
  if (!before || !after || before.checksPassed === null || after.checksPassed === null) return []
  const both = (tell: (result: OptionResult) => string) => [tell(before), tell(after)] as const
  const row = (aspect: string, saidBefore: string, saidAfter: string, [one, other]: readonly [string, string]) => [
    aspect,
    saidBefore,
    one,
    saidAfter,
    other,
  ]
  const audit = ({ checksPassed, checks }: OptionResult) => `${range(checksPassed)}/${checks}`
  const other = 'not measured: the other 44 tests are not here'
  return [
    row('Tests passing', '44/59', '59/59 (expected)', [other, other]),
    row('Audit tests', '0/15', '15/15', both(audit)),
    row(
      'High load test',
      'passes, but crashes DataStorage',
      'passes (runs last)',
      both((r) => `${describeAcknowledged(r.cell)} events acknowledged`),
    ),
    row('Stability', 'unstable after the load test', 'stable throughout', both(stability)),
    row(
      'Time',
      'about 10 min',
      'unchanged',
      both((r) => `${range(r.tookMs, formatMs)} for the load and the 15`),
    ),
  ]
}

function stability({ cell }: OptionResult): string {
  const known = cell.crashed + cell.survived
  return cell.crashed > 0 ? `the service dies in ${cell.crashed} of ${known}` : `survives in ${known} of ${known}`
}
