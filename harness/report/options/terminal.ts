import { styleText } from 'node:util'
import wrapAnsi from 'wrap-ansi'
import type { Held, OptionResult, OptionsReport } from '../../option.ts'
import { range } from '../comparison/rows.ts'
import { inert } from '../inert.ts'
import { field, fromHere, indent, type Styler } from '../terminal.ts'
import { beforeAfterRows } from './before-after.ts'
import { describeAcknowledged, describeHeld, describeLatency, describeLost, describeMeasured } from './rows.ts'
import { describeOptions } from './words.ts'

const widths = [13, 23, 7, 12, 8, 8, 7] as const
const head = ['option', 'measured', 'holds', 'acked', 'lost', 'twice', 'p99']

const heldStyles: Readonly<Record<Held, Parameters<typeof styleText>[0]>> = {
  yes: ['bold', 'green'],
  no: ['bold', 'red'],
  'not known': 'yellow',
  'nothing claimed': 'dim',
}

/** The options at 80 columns: figures in one line, below it what was expected. */
export function renderOptions(
  report: OptionsReport,
  { dir, stream }: { readonly dir: string; readonly stream: NodeJS.WritableStream },
): string {
  const style: Styler = (format, text) => styleText(format, text, { stream })
  const { results, finished, planned } = inert(report)
  const shown = results.filter(({ cell }) => cell.state !== null)
  return [
    '',
    ...indent(1, `${style('bold', 'culprit')}  ${describeOptions(report)}`),
    ...(finished < planned ? indent(1, style('yellow', `${finished} of ${planned} runs are finished`)) : []),
    '',
    style('bold', cells(head).join('\n')),
    ...shown.flatMap((result) => lines(result, style)),
    '',
    ...beforeAfterRows(results).map(([aspect = '', said = '', measured = '', saidAfter = '', measuredAfter = '']) =>
      indent(
        1,
        `${style('dim', aspect)}: before ${said} (measured: ${measured}), after A ${saidAfter} (measured: ${measuredAfter})`,
      ).join('\n'),
    ),
    '',
    ...field('acked', 'events of which a client heard that they are stored; it gave up the others', style),
    ...field('lost', 'events that are neither in the database nor in the dead-letter queue after the run', style),
    ...field('picture', fromHere(`${dir}/options.html`), style),
    ...field('files', 'options.md, options.json, options.csv and runs/ beside it', style),
    '',
  ].join('\n')
}

function lines(result: OptionResult, style: Styler): string[] {
  const { name, what, expected, held, because, cell } = result
  const word = held === 'yes' || held === 'no' ? held : describeHeld({ ...result, because: '' }).replace(': ', '')
  const row = cells([
    name,
    describeMeasured(result),
    word,
    describeAcknowledged(result.cell),
    describeLost(result),
    range(cell.storedMoreThanOnce),
    describeLatency(result),
  ])
  const [first = '', ...more] = row
  const at = widths[0] + widths[1] + 1
  const painted =
    first.slice(0, at) + style(heldStyles[held], first.slice(at, at + widths[2])) + first.slice(at + widths[2])
  const said = `${what}. Expected by ${expected.by}: ${expected.words}${held === 'no' || because !== '' ? `. ${because}` : ''}`
  return [
    painted,
    ...more,
    ...indent(widths[0] + 1, said).map((line) => style('dim', line)),
    ...cell.why.flatMap((one) => indent(widths[0] + 1, style('yellow', one))),
  ]
}

/** A row of columns, as many lines as its longest cell needs. */
function cells(texts: readonly string[]): string[] {
  const columns = texts.map((text, index) => wrapAnsi(text, (widths[index] ?? 8) - 1, { hard: true }).split('\n'))
  const height = Math.max(1, ...columns.map((column) => column.length))
  return Array.from({ length: height }, (_, line) =>
    ` ${columns.map((column, index) => (column[line] ?? '').padEnd(widths[index] ?? 8)).join('')}`.trimEnd(),
  )
}
