import { join } from 'node:path'
import type { OptionsReport } from '../../option.ts'
import { writeJson, writeText } from '../../record.ts'
import type { Trial } from '../../trial.ts'
import { renderTrialsCsv } from '../comparison/csv.ts'
import { renderOptionsMarkdown } from './markdown.ts'
import { renderOptionsPage } from './page.ts'

export { renderOptions } from './terminal.ts'

/** Writes options.md, options.json, options.csv and options.html. */
export async function writeOptions(dir: string, report: OptionsReport, trials: readonly Trial[]): Promise<void> {
  await writeText(join(dir, 'options.md'), renderOptionsMarkdown(report))
  await writeJson(join(dir, 'options.json'), report)
  await writeText(
    join(dir, 'options.csv'),
    renderTrialsCsv(trials, (trial) => ({ option: trial.cell })),
  )
  await writeText(join(dir, 'options.html'), renderOptionsPage(report))
}
