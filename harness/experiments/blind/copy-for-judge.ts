import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { recordFiles } from '../../record.ts'

const scrubbed = '(scrubbed)'

/**
 * Copies of a record what a judge may see: no truth.json, no log of the stand-in's, and every line that it wrote to stderr
 * blanked. Lines stay where they are, so that references hold.
 */
export async function copyForJudge(dir: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true })
  await mkdir(to, { recursive: true })
  for (const file of ['manifest', 'samples', 'probes', 'stored'] as const) {
    await copyFile(join(dir, recordFiles[file]), join(to, recordFiles[file]))
  }
  const events = await readFile(join(dir, recordFiles.events), 'utf8')
  const lines = events.split('\n').map((line) => {
    return line.includes('"kind":"stderr"') ? JSON.stringify({ ...JSON.parse(line), line: scrubbed }) : line
  })
  await writeFile(join(to, recordFiles.events), lines.join('\n'))
}
