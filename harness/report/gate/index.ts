import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { writeJson, writeText } from '../../record.ts'
import { renderGateJunit } from './junit.ts'
import { renderGatePage } from './page.ts'
import type { GateReport } from './report.ts'
import { answerOf } from './words.ts'

export { renderGate } from './table.ts'
export { tellGate, tellGateSummary } from './told.ts'
export { answerOf, gateCommandOf } from './words.ts'

/** Writes gate.json, gate.html and gate.junit.xml. Gives the page's path. */
export async function writeGateReports(dir: string, report: GateReport): Promise<string> {
  const { history: _, ...told } = report
  const page = join(dir, 'gate.html')
  await mkdir(dir, { recursive: true })
  await writeJson(join(dir, 'gate.json'), { answer: answerOf(report), ...told })
  await writeText(join(dir, 'gate.junit.xml'), renderGateJunit(report))
  await writeText(page, renderGatePage(report))
  return page
}
