import { expect, test } from 'vitest'
import { matrixOf } from '../../blind-trial.ts'
import { blindReport, right } from './blind.fixture.ts'
import { renderBlindPage } from './page.ts'

const page = renderBlindPage(blindReport)
const textOf = (markup: string) =>
  markup
    .replace(/<(style|script)[^>]*>.*?<\/\1>/gs, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
/** The text of one section, by its id. */
const section = (id: string) => textOf(new RegExp(`<section id="${id}".*?</section>`, 's').exec(page)?.[0] ?? '')

test('the matrix counts by fault, and by cause only where the fault took effect', () => {
  const { causes, rows } = matrixOf(blindReport.trials)
  expect(causes).toEqual(['pool-exhaustion', 'retry-storm'])
  expect(rows.map(({ label, named, namedNone }) => [label, named, namedNone])).toEqual([
    ['no fault', [0, 0], 1],
    ['page-cache', [0, 0], 0],
    ['pool-too-small', [2, 1], 1],
  ])
})

test('the head says how many were right, and of how many; a run without effect is not among them', () => {
  const text = textOf(page)
  expect(text).toContain('1 wrong accusation')
  expect(text).toContain('seed 1 · commit 0123456789ab with changes')
  expect(text).toContain('Of 4 runs, 2 (50.0 %) named exactly what was done, 1 (25.0 %) named less')
  expect(text).toContain('In 1 of 5 runs the fault did nothing; 1 of 6 runs are not done')
})

test('the matrix marks what had to be named and what had not', () => {
  expect(section('matrix')).toMatch(/pool-too-small 1 1 1 2 ✓ 1 ✗ 1/)
  expect(section('matrix')).toMatch(/no fault 1 1 ✓/)
})

test('each run that was not right stands in its section, with why, its record and its command', () => {
  expect(section('wrong')).toMatch(
    /Wrong accusations: 1 .* Run 3: pool-too-small:2 .* Was named: pool-exhaustion, retry-storm/,
  )
  expect(section('not-known')).toContain('pool exhaustion is inconclusive: no readings at the end')
  expect(section('not-known')).toContain(right.replay)
  expect(page).toContain('href="run-002/report.html"')
  expect(section('no-effect')).toContain('page-cache: the file never grew beyond the limit')
  expect(section('repeat')).toContain('npm run blind -- --seed 1 --runs 6')
})

test('nothing asks for anything, and what a run says stays text', () => {
  expect(page).not.toMatch(/(src|href)="(?!#|run-\d+\/report\.html")/)
  const evil = '</script><img src=x onerror=alert(1)>\u001b[31m'
  const trial = {
    ...right,
    named: [evil],
    reasons: [evil],
    effect: evil,
    replay: evil,
    run: `x/"${evil}`,
    faults: [evil],
  }
  const hostile = renderBlindPage({ ...blindReport, trials: [trial] })
  expect(hostile).not.toContain('<img')
  expect(hostile).not.toContain('\u001b')
})

test('without a run that counts, nothing is called right', () => {
  expect(textOf(renderBlindPage({ ...blindReport, trials: [] }))).toContain('No run that counts')
})
