import { join } from 'node:path'
import { styleText } from 'node:util'
import wrapAnsi from 'wrap-ansi'
import type { Diagnosis, Tried } from '../../diagnosis.ts'
import { writeJson, writeText } from '../../record.ts'
import { inert } from '../inert.ts'
import { field, fromHere, indent, type Styler } from '../terminal.ts'
import { renderDiagnosisMarkdown } from './markdown.ts'
import { describeEnd, describeRuns, rowsOf } from './words.ts'

const answerStyles: Readonly<Record<Tried['answer'], Parameters<typeof styleText>[0]>> = {
  confirmed: ['bold', 'red'],
  refuted: 'green',
  'not known': 'yellow',
}

const [roleWidth, labelWidth, answerWidth, textWidth] = [10, 20, 12, 35]
const widths = [23, 17, 16, 21]

/** The answer on one screen of 80 columns. */
export function renderDiagnosis(
  told: Diagnosis,
  { dir, goOn, stream }: { readonly dir: string; readonly goOn: string; readonly stream: NodeJS.WriteStream },
): string {
  const style: Styler = (format, text) => styleText(format, text, { stream })
  const diagnosis = inert(told)
  const [head = [], ...rows] = rowsOf(diagnosis)
  return [
    '',
    ...indent(1, `${style('bold', 'culprit')}  diagnose ${diagnosis.run}`),
    '',
    ...indent(1, style('bold', diagnosis.headline)),
    '',
    ...diagnosis.causes.flatMap((cause) => causeLines(cause, style)),
    '',
    ...line(head).map((one) => style('dim', one)),
    ...rows.flatMap(line),
    '',
    ...field('took', describeRuns(diagnosis), style),
    ...field('ended', describeEnd(diagnosis), style),
    ...field('files', `diagnosis.md, diagnosis.json and runs/ in ${fromHere(dir)}`, style),
    ...(diagnosis.end === 'runs used up' ? field('next', goOn, style) : []),
    '',
  ].join('\n')
}

function causeLines({ role, label, answer, because }: Tried, style: Styler): string[] {
  const before = `   ${role.padEnd(roleWidth)}${label.padEnd(labelWidth)}`
  const [first = '', ...more] = wrapAnsi(because, textWidth).split('\n')
  const indented = ' '.repeat(before.length + answerWidth)
  return [
    `${before}${style(answerStyles[answer], answer.padEnd(answerWidth))}${first}`,
    ...more.map((one) => indented + one),
  ]
}

/** One row of the table, as many lines as its longest cell needs. */
function line(cells: readonly string[]): string[] {
  const columns = cells.map((cell, column) => wrapAnsi(cell, (widths[column] ?? 20) - 1, { hard: true }).split('\n'))
  return Array.from({ length: Math.max(1, ...columns.map(({ length }) => length)) }, (_, index) => {
    const texts = columns.map((lines, column) => (lines[index] ?? '').padEnd(widths[column] ?? 20))
    return `   ${texts.join('')}`.trimEnd()
  })
}

/** Writes diagnosis.json and diagnosis.md. */
export async function writeDiagnosis(dir: string, diagnosis: Diagnosis): Promise<void> {
  await writeJson(join(dir, 'diagnosis.json'), diagnosis)
  await writeText(join(dir, 'diagnosis.md'), renderDiagnosisMarkdown(inert(diagnosis)))
}
