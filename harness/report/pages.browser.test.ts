import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { blindReport, right } from './blind/blind.fixture.ts'
import { renderBlindPage } from './blind/page.ts'
import { comparison, dying, losing } from './comparison/comparison.fixture.ts'
import { renderComparisonPage } from './comparison/page.ts'
import { gateReport, slower } from './gate/gate.fixture.ts'
import { renderGatePage } from './gate/page.ts'
import { optionResults, optionsReport } from './options/options.fixture.ts'
import { renderOptionsPage } from './options/page.ts'
import { findChromium, launchChromium } from './testing/browser.ts'
import { barriersOf, lackingOnPaper, openPage, pageTest, views } from './testing/open-page.ts'

// Pages of many runs. That of one run has a test of its own.

const evil = `<script>alert(1)</script><img src=x onerror="window.broken=1">"'\`</script><!--\u2028\u202e\u001b[31m\u0000`
const hostileGate = {
  ...gateReport,
  results: [{ ...slower, baseline: evil, candidate: evil, decision: { ...slower.decision, because: [evil] } }],
  history: { lines: gateReport.history.lines.map((line) => ({ ...line, candidate: evil })), unreadable: 0 },
  command: evil,
}
const hostileRun = { ...right, faults: [evil], named: [evil], reasons: [evil], effect: evil, replay: evil, run: evil }

const pages = {
  gate: { real: renderGatePage(gateReport), hostile: renderGatePage(hostileGate), says: 'Gate failed' },
  blind: {
    real: renderBlindPage(blindReport),
    hostile: renderBlindPage({ ...blindReport, trials: [hostileRun], commit: evil }),
    says: '1 wrong accusation',
  },
  comparison: {
    real: renderComparisonPage(comparison([dying, losing])),
    hostile: renderComparisonPage(
      comparison([losing, { ...losing, cell: evil, values: { image: evil }, why: [evil] }]),
    ),
    says: 'high-load, compared',
  },
  options: {
    real: renderOptionsPage(optionsReport(optionResults)),
    hostile: renderOptionsPage(
      optionsReport(optionResults.map((one) => ({ ...one, what: evil, because: evil, command: evil }))),
    ),
    says: 'What would have fixed it',
  },
} as const

let folder: string
let browser: Browser

beforeAll(async () => {
  const chromium = findChromium()
  if (!chromium) return
  folder = await mkdtemp(join(tmpdir(), 'culprit-pages-'))
  for (const [name, { real, hostile }] of Object.entries(pages)) {
    await writeFile(join(folder, `${name}.html`), real)
    await writeFile(join(folder, `${name}-hostile.html`), hostile)
  }
  browser = await launchChromium(chromium)
})

afterAll(async () => {
  await browser?.close()
  if (folder) await rm(folder, { recursive: true })
})

for (const [name, { says }] of Object.entries(pages)) {
  for (const view of views) {
    pageTest(`${name} at ${view.width} px, ${view.colorScheme}: fits, asks nobody, has no barrier`, async () => {
      await using opened = await openPage(browser, join(folder, `${name}.html`), view)
      const { page, said, asked } = opened
      expect(await page.locator('h1').innerText()).toBe(says)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(view.width)
      await page.evaluate(
        "for (const one of document.querySelectorAll('details:not(.chart ~ .chart *)')) one.open = true",
      )
      expect(await barriersOf(page)).toEqual([])
      expect([...said, ...asked]).toEqual([])
    })
  }

  pageTest(`${name} on paper: every detail is open and nothing is cut off, in light colours`, async () => {
    await using opened = await openPage(browser, join(folder, `${name}.html`), { colorScheme: 'dark' })
    expect(await lackingOnPaper(opened.page)).toEqual([])
    expect(await opened.page.evaluate('getComputedStyle(document.body).color')).toBe('rgb(28, 32, 36)')
  })

  pageTest(`${name}: what a hostile side, run or revision says stays text`, async () => {
    await using opened = await openPage(browser, join(folder, `${name}-hostile.html`))
    const { page, said, asked } = opened
    const text = await page.locator('main').innerText()
    expect(text).toContain('<script>alert(1)</script>')
    expect(text).toContain('\\u202e')
    expect(text).not.toMatch(/\u202e|\u2028|(?!\s)\p{Cc}/u)
    expect(await page.locator('main script, main img, main iframe').count()).toBe(0)
    expect(await page.evaluate('window.broken')).toBeUndefined()
    expect([...said, ...asked]).toEqual([])
  })
}
