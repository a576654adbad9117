import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { test } from 'vitest'
import { findChromium } from './browser.ts'

/** A test in a real Chromium; skipped, with the reason in its name, where there is none. */
export const pageTest: (title: string, body: () => Promise<void>) => void = findChromium()
  ? test
  : (title) => test.skip(`${title} (skipped: no chromium on PATH; Debian has a package of that name)`, () => {})

export interface View {
  readonly width?: number
  readonly colorScheme?: 'light' | 'dark'
}

/** Both colour schemes, on a wide screen and on a narrow one. */
export const views = [1600, 360].flatMap((width) =>
  (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })),
)

/** A page that is open, with what it said and asked for. */
export interface OpenPage extends AsyncDisposable {
  readonly page: Page
  /** Console lines, errors and dialogs. */
  readonly said: readonly string[]
  /** Addresses other than its own. */
  readonly asked: readonly string[]
}

/** Opens a page by its file, as a double click does. */
export async function openPage(
  browser: Browser,
  path: string,
  { width = 1600, colorScheme = 'light' }: View = {},
): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme })
  const page = await context.newPage()
  const url = pathToFileURL(path).href
  const said: string[] = []
  const asked: string[] = []
  page.on('console', (message) => said.push(message.text()))
  page.on('pageerror', (error) => said.push(error.message))
  page.on('dialog', (dialog) => {
    said.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', (request) => {
    if (request.url() !== url) asked.push(request.url())
  })
  await page.goto(url)
  return { page, said, asked, [Symbol.asyncDispose]: () => context.close() }
}

const axeSource = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

/** Barriers that axe finds, each with its rule and the first places. */
export async function barriersOf(page: Page): Promise<string[]> {
  // The page's own policy lets no further script in: axe comes by the debugger instead.
  await page.evaluate(await readFile(axeSource, 'utf8'))
  const { violations } = (await page.evaluate('axe.run()')) as {
    violations: { id: string; nodes: { html: string }[] }[]
  }
  return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 200))}`)
}

/** What an A4 page has between margins of 12 mm, in CSS pixels. */
const paperWidth = 703

/** What a page lacks on paper: details that stay closed, and what is wider than the paper. */
export async function lackingOnPaper(page: Page): Promise<string[]> {
  await page.setViewportSize({ width: paperWidth, height: 900 })
  await page.emulateMedia({ media: 'print' })
  await page.evaluate("dispatchEvent(new Event('beforeprint'))")
  // What a closed `details` holds is rendered with the next frame, not with the style that opens it.
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))')
  return page.evaluate(`(() => {
    const isShown = (one) => one.checkVisibility({ contentVisibilityAuto: true }) && one.getBoundingClientRect().height > 0
    const closed = [...document.querySelectorAll('details')].filter((one) => !isShown(one.lastElementChild))
    const wide = [...document.querySelectorAll('main *')].filter((one) => one.getBoundingClientRect().right > ${paperWidth} + 1)
    return [
      ...closed.map((one) => 'closed: ' + one.textContent.slice(0, 100)),
      ...wide.map((one) => 'too wide: ' + one.outerHTML.slice(0, 100)),
    ]
  })()`)
}

/** Whether the focus can be seen where it is. */
export async function isFocusShown(page: Page): Promise<boolean> {
  return page.evaluate(`(() => {
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement)
    return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2
  })()`)
}
