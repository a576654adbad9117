import { join } from 'node:path'
import type { Comparison } from '../../comparison.ts'
import { writeJson, writeText } from '../../record.ts'
import type { Trial } from '../../trial.ts'
import { renderTrialsCsv } from './csv.ts'
import { renderComparisonMarkdown } from './markdown.ts'
import { renderComparisonPage } from './page.ts'

export { renderComparison } from './terminal.ts'

/** Writes table.md, compare.json, compare.csv and compare.html. */
export async function writeComparison(dir: string, comparison: Comparison, trials: readonly Trial[]): Promise<void> {
  const values = new Map(comparison.cells.map((cell) => [cell.cell, cell.values]))
  await writeText(join(dir, 'table.md'), renderComparisonMarkdown(comparison))
  await writeJson(join(dir, 'compare.json'), comparison)
  await writeText(
    join(dir, 'compare.csv'),
    renderTrialsCsv(trials, (trial) => values.get(trial.cell) ?? {}),
  )
  await writeText(join(dir, 'compare.html'), renderComparisonPage(comparison))
}
