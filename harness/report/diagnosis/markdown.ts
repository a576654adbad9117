import { markdownTable } from 'markdown-table'
import type { Diagnosis } from '../../diagnosis.ts'
import { describeEnd, describeRuns, rowsOf } from './words.ts'

const faultNote =
  'These commands fit a fault to the changed limits; here it stayed as it was, and only the one thing was changed.'

/** The diagnosis for a ticket: the answer, the causes, every run with the command that repeats it. */
export function renderDiagnosisMarkdown(diagnosis: Diagnosis): string {
  const plain = (text: string) =>
    text.replaceAll(/[|\\`<>*_[\]]/g, (character) => `\\${character}`).replaceAll('\n', ' ')
  const [head = [], recorded = [], ...rows] = rowsOf(diagnosis)
  const runs = rows.map((row, index) => [...row, `runs/${diagnosis.trials[index]?.run ?? ''}`])
  const causes = diagnosis.causes.map(({ label, role, before, answer, because }) => {
    return [label, role, before, answer, because].map(plain)
  })
  return [
    `**${plain(diagnosis.headline)}**`,
    `${plain(diagnosis.run)} said: ${plain(diagnosis.runHeadline)}`,
    '## Causes',
    markdownTable([['Cause', 'Role', 'In the record', 'By changing it', 'Why'], ...causes]),
    '## Runs',
    markdownTable([[...head, 'record'], [...recorded, ''], ...runs].map((row) => row.map(plain))),
    `${plain(describeRuns(diagnosis))}. Ended: ${plain(describeEnd(diagnosis))}.`,
    '## Again',
    ...(diagnosis.trials.some(({ command }) => command.includes('--fault')) ? [faultNote] : []),
    ...diagnosis.trials.map(({ cell, command }) => `- ${plain(cell)}: \`${command.replaceAll('`', "'")}\``),
    `Measured at ${diagnosis.commits.join(', ') || 'no commit'}.`,
    '',
  ].join('\n\n')
}
