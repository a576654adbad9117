import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LookBack } from '../prediction.ts'
import { type Manifest, recordFiles, writeJson, writeText } from '../record.ts'
import type { Verdict } from '../verdict.ts'
import { readCourse } from './course/course.ts'
import { renderSeries } from './course/csv.ts'
import { renderJunit } from './junit.ts'
import { renderMarkdown, renderMarkdownSummary } from './markdown.ts'
import { renderRunPage } from './run-page.ts'

/** Writes verdict.json and every report beside the record. */
export async function writeReports(
  dir: string,
  manifest: Manifest,
  verdict: Verdict,
  lookBack: LookBack,
): Promise<void> {
  await writeJson(join(dir, recordFiles.verdict), verdict)
  await writeText(join(dir, recordFiles.report), renderMarkdown(verdict, manifest))
  await writeText(join(dir, recordFiles.junit), renderJunit(verdict, manifest))
  const course = await readCourse(dir, verdict)
  await writeText(join(dir, recordFiles.series), renderSeries(course))
  await writeText(join(dir, recordFiles.page), renderRunPage({ manifest, verdict, course, lookBack }))
}

/** Adds a run to the summary of a GitHub job, where there is one. */
export async function appendStepSummary(manifest: Manifest, verdict: Verdict, file = process.env.GITHUB_STEP_SUMMARY) {
  await addToStepSummary(renderMarkdownSummary(verdict, manifest), file)
}

/** Adds Markdown to the summary of a GitHub job, where there is one. */
export async function addToStepSummary(markdown: string, file = process.env.GITHUB_STEP_SUMMARY): Promise<void> {
  if (file) await appendFile(file, `${markdown}\n`)
}
