/** The pictures in README, from the page of a run: `npm run screenshots -- <run>`. */
import { mkdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { recordFiles } from '../../record.ts'
import { findRun } from '../../run-folder.ts'
import { findChromium, launchChromium } from './browser.ts'

const out = resolve(import.meta.dirname, '..', '..', '..', 'docs')
const chromium = findChromium()
if (!chromium) throw new Error('there is no chromium on PATH; Debian has a package of that name')
const url = pathToFileURL(join(await findRun(process.argv[2] ?? 'latest'), recordFiles.page)).href

const pictures = [
  { name: 'report-head.png', width: 1_200, height: 1_200, colorScheme: 'light', isAtDeath: false },
  { name: 'report-course.png', width: 1_200, height: 900, colorScheme: 'dark', isAtDeath: true },
] as const

await mkdir(out, { recursive: true })
const browser = await launchChromium(chromium)
try {
  for (const { name, width, height, colorScheme, isAtDeath } of pictures) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme })
    await page.goto(url)
    // As a reader would set it.
    if (isAtDeath) await page.locator('a.moment').first().click()
    const path = join(out, name)
    await page.screenshot({ path })
    console.log(`${path}  ${((await stat(path)).size / 1_024).toFixed(0)} KiB`)
    await page.close()
  }
} finally {
  await browser.close()
}
