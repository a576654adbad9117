import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { judgeRun, saveVerdict } from '../run.ts'
import { findChromium, launchChromium } from './testing/browser.ts'
import { barriersOf, isFocusShown, lackingOnPaper, openPage, pageTest, type View, views } from './testing/open-page.ts'

const fixture = join(import.meta.dirname, '..', 'fixtures', 'high-load-quick-v1')
let folder: string
let browser: Browser

beforeAll(async () => {
  const chromium = findChromium()
  if (!chromium) return
  folder = await mkdtemp(join(tmpdir(), 'culprit-page-'))
  await cp(fixture, join(folder, 'real'), { recursive: true })
  await saveVerdict(join(folder, 'real'), await judgeRun(join(folder, 'real')))
  await makeHostile(join(folder, 'hostile'))
  browser = await launchChromium(chromium)
})

afterAll(async () => {
  await browser?.close()
  if (folder) await rm(folder, { recursive: true })
})

const open = ({ run = 'real', ...view }: View & { readonly run?: string } = {}) =>
  openPage(browser, join(folder, run, 'report.html'), view)

const momentOf = (page: Page) => page.getByRole('slider', { name: 'Moment' })

pageTest('the page tells what was tested, what happened, why, how sure that is and how to repeat it', async () => {
  await using opened = await open()
  const text = (await opened.page.locator('main').innerText()).replaceAll(/\s+/g, ' ')
  const verdict = JSON.parse(await readFile(join(folder, 'real', 'verdict.json'), 'utf8'))
  expect(text).toContain(verdict.headline)
  expect(text).toMatch(/CRASHED at \+\d+\.\d s/)
  expect(text).toMatch(/RemediationRequests .*sent \d+ audit events to DataStorage/)
  expect(text).toMatch(/How sure Of \d+ rival hypotheses/)
  for (const { label } of verdict.findings) expect(text).toContain(label)
  expect(text).toContain('Acknowledged and lost')
  expect(text).toContain('npm run scenario high-load-quick')
})

pageTest('nine charts are drawn on one axis, or say why not, each with a table of its figures', async () => {
  await using opened = await open()
  const { page, said } = opened
  const charts = page.locator('figure.chart')
  expect(await charts.count()).toBe(9)
  const drawn = await page.locator('.plot canvas').count()
  expect(drawn + (await page.locator('.chart .missing').count())).toBe(9)
  expect(drawn).toBeGreaterThanOrEqual(8)
  const rows = await page.locator('#memory tbody tr').count()
  expect(rows).toBeGreaterThan(5)
  // One axis: the left and right ends of all charts are the same moments, so their canvases are as wide.
  const widths = await page
    .locator('.plot .u-over')
    .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().width))
  expect(new Set(widths.map(Math.round)).size).toBe(1)
  expect(said).toEqual([])
})

pageTest('one cursor: the keyboard moves it on all charts, and the pointer on one moves it everywhere', async () => {
  await using opened = await open()
  const { page } = opened
  await momentOf(page).focus()
  for (let i = 0; i < 40; i++) await page.keyboard.press('ArrowRight')
  const cursors = () =>
    page.locator('.u-cursor-x').evaluateAll((all) => all.map((one) => Math.round(one.getBoundingClientRect().left)))
  const byKeyboard = await cursors()
  expect(byKeyboard.length).toBeGreaterThanOrEqual(8)
  expect(new Set(byKeyboard).size).toBe(1)
  const told = await momentOf(page).getAttribute('aria-valuetext')
  expect(told).toMatch(/^[+-]\d+\.\d s$/)

  await page.locator('#memory').scrollIntoViewIfNeeded()
  await page.locator('#memory .u-over').hover({ position: { x: 500, y: 50 } })
  const byPointer = await cursors()
  expect(new Set(byPointer).size).toBe(1)
  expect(byPointer[0]).not.toBe(byKeyboard[0])
  expect(await momentOf(page).getAttribute('aria-valuetext')).not.toBe(told)
  const value = await page.locator('#memory .u-series', { hasText: 'used' }).locator('.u-value').innerText()
  expect(value).toMatch(/\d (B|KiB|MiB|GiB)$/)
})

pageTest('a hypothesis leads to the lines of the record, and from there to the spot on the axis', async () => {
  await using opened = await open()
  const { page } = opened
  const hypothesis = page.locator('#hypothesis-memory-limit')
  await hypothesis.locator('.evidence summary').first().click()
  const quote = hypothesis.locator('.quote').first()
  const ref = await quote.locator('code').innerText()
  const [, file, number] = /^(.+):(\d+)$/.exec(ref) ?? []
  const record = await readFile(join(folder, 'real', file ?? ''), 'utf8')
  const line = record.split('\n')[Number(number) - 1] ?? ''
  expect(line).not.toBe('')
  expect(await quote.locator('pre').innerText()).toBe(line)

  await quote.getByRole('link').click()
  expect(page.url()).toMatch(/#memory$/)
  const seconds = `${(JSON.parse(line).t / 1_000).toFixed(1)} s`
  expect(await momentOf(page).getAttribute('aria-valuetext')).toBe(`+${seconds}`)
  await page.locator('#memory').waitFor({ state: 'visible' })
})

pageTest(
  'by keyboard alone: from a hypothesis to its evidence, and on to the spot on the axis, with the focus shown',
  async () => {
    await using opened = await open()
    const { page } = opened
    const focused = (property: string) => page.evaluate(`document.activeElement.${property}`)
    const press = async (key: string) => {
      await page.keyboard.press(key)
      expect(await isFocusShown(page), `after ${key}`).toBe(true)
    }
    // From the last link before it: what a reader does who follows the sections.
    const hypothesis = page.locator('#hypothesis-outside-kill')
    await hypothesis.locator('> summary').focus()
    await press('Enter')
    expect(await hypothesis.getAttribute('open')).not.toBe(null)
    await press('Tab')
    expect(await focused('textContent')).toMatch(/lines? of the record/)
    await press('Enter')
    await press('Tab')
    expect(await focused('textContent')).toMatch(/^[+-]\d+\.\d s, show on the axis$/)
    await press('Enter')
    expect(await focused('className')).toBe('chart')
    expect(await momentOf(page).getAttribute('aria-valuetext')).toMatch(/^[+-]\d+\.\d s$/)
  },
)

pageTest('on paper every detail is open and nothing is cut off, in light colours', async () => {
  await using opened = await open({ colorScheme: 'dark' })
  const { page } = opened
  expect(await page.locator('.hypothesis .quote pre').last().isVisible()).toBe(false)
  expect(await lackingOnPaper(page)).toEqual([])
  expect(await page.locator('.hypothesis .quote pre').last().isVisible()).toBe(true)
  expect(await page.locator('#memory details table').isVisible()).toBe(true)
  expect(await page.evaluate('getComputedStyle(document.body).color')).toBe('rgb(28, 32, 36)')
  // A canvas has the colours that it was drawn in: the charts are drawn again, on white.
  expect(await page.locator('.plot canvas').count()).toBeGreaterThanOrEqual(8)
  const print = await page.pdf({ format: 'A4' })
  expect(print.subarray(0, 5).toString()).toBe('%PDF-')
})

for (const { width, colorScheme } of views) {
  pageTest(
    `at ${width} px, ${colorScheme}: fits, asks nobody, says no error, has no barrier that axe knows`,
    async () => {
      await using opened = await open({ width, colorScheme })
      const { page, said, asked } = opened
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
      // All tables are made alike: the first stands for them, since axe takes seconds to look at them all.
      const shown = '.hypothesis, .evidence, #requests details'
      await page.evaluate(`for (const one of document.querySelectorAll('${shown}')) one.open = true`)
      expect(await barriersOf(page)).toEqual([])
      expect(said).toEqual([])
      expect(asked).toEqual([])
      const background = await page.evaluate('getComputedStyle(document.body).backgroundColor')
      expect(background).toBe(colorScheme === 'dark' ? 'rgb(20, 23, 26)' : 'rgb(255, 255, 255)')
    },
  )
}

pageTest('what a hostile service, scenario or log says stays text', async () => {
  await using opened = await open({ run: 'hostile' })
  const { page, said, asked } = opened
  const main = page.locator('main')
  expect(await main.innerText()).toContain('<script>alert(1)</script>')
  expect(await page.locator('main script, main img, main iframe').count()).toBe(0)
  expect(await page.title()).toContain('<script>')
  expect(await page.evaluate('window.broken')).toBeUndefined()
  expect(await main.innerText()).toContain('\\u202e')
  expect(await main.innerText()).not.toMatch(/\u202e|\u2028|(?!\s)\p{Cc}/u)
  expect(await page.locator('.plot canvas').count()).toBeGreaterThanOrEqual(8)
  expect(said).toEqual([])
  expect(asked).toEqual([])
})

/** The same run, with markup, scripts and acting characters wherever a text comes from outside. */
async function makeHostile(dir: string) {
  await cp(fixture, dir, { recursive: true })
  const evil = `<script>alert(1)</script><img src=x onerror="window.broken=1">"'\`</script><!--\u2028\u202e\u001b[31m\u0000`
  const edit = async (file: string, change: (text: string) => string) =>
    writeFile(join(dir, file), change(await readFile(join(dir, file), 'utf8')))
  await edit('run.json', (text) => {
    const manifest = JSON.parse(text)
    const machine = { ...manifest.machine, cpuModel: evil, kernel: evil }
    return JSON.stringify({ ...manifest, scenario: evil, command: `npm run ${evil}`, machine })
  })
  await edit('events.ndjson', (text) => `${JSON.stringify({ kind: 'stderr', t: 5, line: evil })}\n${text}`)
  const poison = (line: string) => {
    if (line === '') return line
    const found = JSON.parse(line)
    return JSON.stringify(found.failure ? { ...found, failure: { ...found.failure, message: evil } } : found)
  }
  await edit('samples.ndjson', (text) => text.split('\n').map(poison).join('\n'))
  const verdict = await judgeRun(dir)
  const findings = verdict.findings.map((finding) => ({ ...finding, because: `${finding.because} ${evil}` }))
  await saveVerdict(dir, { ...verdict, findings, missing: [evil] })
}
