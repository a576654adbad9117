import { join } from 'node:path'
import { type Manifest, recordFiles, writeJson, writeText } from '../record.ts'
import type { Verdict } from '../verdict.ts'
import { renderMarkdown } from './markdown.ts'

/** Writes verdict.json and report.md beside the record. */
export async function writeReports(dir: string, manifest: Manifest, verdict: Verdict): Promise<void> {
  await writeJson(join(dir, recordFiles.verdict), verdict)
  await writeText(join(dir, recordFiles.report), renderMarkdown(verdict, manifest))
}
