import { join } from 'node:path'
import { styleText } from 'node:util'
import { writeJson, writeText } from '../../record.ts'
import type { Bisection } from '../../threshold.ts'
import type { Trial } from '../../trial.ts'
import { flagWords } from '../command-words.ts'
import { renderTrialsCsv } from '../comparison/csv.ts'
import { inert } from '../inert.ts'
import { field, fromHere, indent, type Styler } from '../terminal.ts'
import { describeAnswer, describeDoses, describeEnd, describeGoal, describeLine, describePredicted } from './words.ts'

/** The answer on one screen of 80 columns. */
export function renderBisection(
  bisection: Bisection,
  { dir, stream }: { dir: string; stream: NodeJS.WriteStream },
): string {
  const style: Styler = (format, text) => styleText(format, text, { stream })
  const { search } = bisection
  const head = [`bisect ${search.scenario}`, describeGoal(search), ...flagWords(search.fixed)].join(' · ')
  return [
    '',
    ...indent(1, `${style('bold', 'culprit')}  ${head}`),
    '',
    ...indent(1, style('bold', describeAnswer(bisection))),
    '',
    ...field('ended', describeEnd(bisection), style),
    ...field('runs', `${describeDoses(bisection).join('   ')}   (✝ crashed, ● survived)`, style),
    ...bisection.why.flatMap((one) => field('neither', style('yellow', inert(one)), style)),
    ...field('predicted', describePredicted(bisection), style),
    ...field('line', describeLine(bisection), style),
    '',
    ...field('files', `bisect.json, bisect.csv, table.md and runs/ in ${fromHere(dir)}`, style),
    '',
  ].join('\n')
}

/** Writes table.md, bisect.json and bisect.csv. */
export async function writeBisection(dir: string, bisection: Bisection, trials: readonly Trial[]): Promise<void> {
  const { find } = bisection.search
  const doseOf = ({ cell }: Trial) => cell.slice(cell.indexOf('=') + 1)
  const lines = [
    `**${describeAnswer(bisection)}**`,
    '',
    `- goal: ${describeGoal(bisection.search)}, ${bisection.search.scenario}`,
    `- ended: ${describeEnd(bisection)}`,
    `- runs: ${describeDoses(bisection).join(', ')} (✝ crashed, ● survived)`,
    ...bisection.why.map(
      (one) => `- neither: ${inert(one).replaceAll(/[<>*_`[\]\\]/g, (character) => `\\${character}`)}`,
    ),
    `- predicted: ${describePredicted(bisection)}`,
    `- line: ${describeLine(bisection)}`,
    `- measured at ${bisection.commits.join(', ') || 'no commit'}`,
    '',
  ]
  await writeText(join(dir, 'table.md'), lines.join('\n'))
  await writeJson(join(dir, 'bisect.json'), bisection)
  await writeText(
    join(dir, 'bisect.csv'),
    renderTrialsCsv(trials, (trial) => ({ [find]: doseOf(trial) })),
  )
}
