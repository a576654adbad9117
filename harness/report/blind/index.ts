import { join } from 'node:path'
import { writeText } from '../../record.ts'
import { type BlindReport, renderBlindPage } from './page.ts'
import { renderMatrix, renderScores } from './text.ts'

/** Writes results.ndjson, table.md and blind.html. Gives the table, and the page's path. */
export async function writeBlindReports(dir: string, report: BlindReport): Promise<{ text: string; page: string }> {
  const { trials } = report
  const text = `${renderMatrix(trials)}\n\n${renderScores(trials)}\n`
  const page = join(dir, 'blind.html')
  await writeText(join(dir, 'results.ndjson'), trials.map((one) => `${JSON.stringify(one)}\n`).join(''))
  await writeText(join(dir, 'table.md'), text)
  await writeText(page, renderBlindPage(report))
  return { text, page }
}
