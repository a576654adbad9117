import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { appendGateLine, readGateHistory } from '../../gate-history.ts'
import type { GateResult } from '../../gate-result.ts'
import { alike, gated, gateReport, slower } from './gate.fixture.ts'
import { renderGateJunit } from './junit.ts'
import { lane } from './lane.ts'
import { renderGatePage } from './page.ts'
import { renderGate, renderGateSummary } from './table.ts'
import { tellGate } from './told.ts'
import { answerOf, describeGate, formatChange, gateCommandOf } from './words.ts'

const dir = await mkdtemp(join(tmpdir(), 'culprit-gate-report-'))
afterAll(() => rm(dir, { recursive: true }))

const textOf = (page: string) =>
  page
    .replace(/<(style|script)[^>]*>.*?<\/\1>/gs, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')

test('the first sentence names what was broken; without that, what is open; without that, what was kept', () => {
  expect(describeGate(gateReport)).toMatch(
    /^Beyond its limit: steady, p50 \+(19|20)\.\d % \(allowed: \+5 %\); steady, no error before the burst: no data in 12 of 12 runs\.$/,
  )
  expect(describeGate({ results: [alike], scenarios: ['burst'] })).toMatch(
    /^Not decided: burst, p99 \+10 %: the interval holds the limit/,
  )
  const kept: GateResult = {
    ...alike,
    decision: {
      ...alike.decision,
      answer: 'pass',
      metrics: alike.decision.metrics.filter(({ answer }) => answer === 'pass'),
    },
  }
  expect(describeGate({ results: [kept], scenarios: ['burst'] })).toBe('All 4 limits of burst are kept.')
})

test('limits that are open for one reason are told together', () => {
  expect(describeGate({ results: [gated('steady', slower.pairs.slice(0, 3))], scenarios: ['steady'] })).toBe(
    'Not decided: steady, p50 +5 %, p95 +5 %, p99 +10 %, peak memory +5 %: too few pairs: 3 of at least 8; steady, lost = 0: too few pairs.',
  )
})

test('a scenario that was asked for and not run keeps the gate from passing, and is named', () => {
  const report = { ...gateReport, results: [], scenarios: ['steady'] }
  expect(answerOf(report)).toBe('unknown')
  expect(describeGate(report)).toBe('Not decided: steady was not run.')
  expect(textOf(renderGatePage(report))).toContain('What is missing steady was not run')
  expect(renderGateJunit(report)).toMatch(/name="gate steady" .* tests="1" failures="0" errors="0" skipped="1"/)
})

test('a crash of the candidate alone fails, although no limit is broken', () => {
  const crashed = gated(
    'steady',
    slower.pairs.map(({ baseline }) => ({ baseline, candidate: { ...baseline, crashed: true } })),
  )
  expect(answerOf({ results: [crashed], scenarios: ['steady'] })).toBe('fail')
  expect(describeGate({ results: [crashed], scenarios: ['steady'] })).toBe(
    'Beyond its limit: steady: the candidate crashed in 12 of 12 runs, the baseline in none.',
  )
  const junit = renderGateJunit({ ...gateReport, results: [crashed], scenarios: ['steady'] })
  expect(junit).toMatch(/name="runs can be compared">\s*<failure message="the candidate crashed in 12 of 12 runs/)
})

test('JUnit: a broken limit fails, an open one is skipped, a kept one passes', () => {
  const junit = renderGateJunit(gateReport)
  const [steady = '', burst = ''] = junit.split('</testsuite>')
  expect(steady).toMatch(/name="gate steady" .* tests="8" failures="2" errors="0" skipped="1"/)
  expect(burst).toMatch(/name="gate burst" .* tests="6" failures="0" errors="0" skipped="1"/)
  expect(steady).toMatch(/name="p50 \+5 %">\s*<failure message="\+\d+\.\d % \(98 %: [^"]+\), beyond its limit"/)
  expect(steady).toMatch(/name="p99 \+10 %">\s*<skipped\/>/)
  expect(steady).toContain('<property name="candidate" value="the stand-in as it lies here"/>')
})

test('a level that rose over many nights is told in the table and on the page', () => {
  const drifts = [{ metric: 'p99', at: '2026-01-13T02:17:00.000Z', gates: 20, before: 1, after: 1.04, from: 'v1' }]
  const results = [{ ...alike, drifts }]
  const told = 'p99 has been +4.0 % since 2026-01-13, 0.0 % before (20 gates; against v1)'
  expect(renderGate(results)).toContain(`burst: drift: ${told}`)
  expect(textOf(renderGatePage({ ...gateReport, results }))).toContain(`A slow change: ${told}`)
})

test('the page has every limit with its answer, every pair, and earlier gates, the newest first', () => {
  const page = renderGatePage(gateReport)
  const text = textOf(page)
  expect(text).toContain('Gate failed')
  expect(text).toMatch(/p50 \+5 % FAIL \+\d+\.\d % \+\d+\.\d % to \+\d+\.\d %/)
  expect(text).toMatch(/p99 \+10 % unknown/)
  expect(text).toMatch(/lost = 0 pass a count .* at most 0 in each of 8 runs/)
  expect(text).toMatch(/1 4\.0 ms → 4\.8 ms/)
  expect(text).toMatch(/steady: 2 of 2, the newest first .* 2026-01-04 02:17 FAIL 12 .* 2026-01-03 02:17 unknown 0/)
  expect(text).toContain('1 line of the history could not be read')
  expect(text).toContain('npm run gate -- --baseline v1.2.0')
  expect(page).not.toMatch(/(src|href)="(?!#)/)
})

test('a lane has the interval on the side of the limit that its figures say', () => {
  const at = (kind: string, markup: string) =>
    [...(new RegExp(`class="${kind}" x1="([\\d.]+)" x2="([\\d.]+)"`).exec(markup) ?? [])].slice(1).map(Number)
  const { markup } = lane({ answer: 'fail', effect: { ratio: 1.2, low: 1.15, high: 1.25 }, share: 0.1 })
  const [limit = 0] = at('limit', markup)
  const [low = 0, high = 0] = at('interval fail', markup)
  expect(at('no-change', markup)[0]).toBeLessThan(limit)
  expect(low).toBeGreaterThan(limit)
  expect(high).toBeGreaterThan(low)
  const [inside = 0] = at(
    'middle pass',
    lane({ answer: 'pass', effect: { ratio: 1, low: 1, high: 1 }, share: 0 }).markup,
  )
  expect(inside).toBe(300)
})

test('what a side is called, or a start says, stays text', () => {
  const evil = '</script><img src=x onerror=alert(1)>|\u001b[31m'
  const hostile = { ...slower, candidate: evil, decision: { ...slower.decision, because: [evil] } }
  const report = { ...gateReport, results: [hostile], scenarios: ['steady'], command: evil }
  expect(renderGatePage(report)).not.toContain('<img')
  for (const text of [renderGatePage(report), renderGateJunit(report), renderGate([hostile])]) {
    expect(text).not.toContain('\u001b')
    expect(text).toContain('\\u001b')
  }
  const summary = renderGateSummary([{ ...hostile, baseline: '![x](http://elsewhere/x.png)' }])
  expect(summary).toContain('!\\[x\\](http://elsewhere/x.png)')
  expect(summary).not.toContain('<img')
})

test('the history keeps the answers without the pairs; a damaged line is counted and costs no other', async () => {
  const path = join(dir, 'history.ndjson')
  expect(await readGateHistory(path)).toEqual({ lines: [], unreadable: 0 })
  await appendGateLine(path, new Date(0), slower)
  // A killed gate leaves no end of its line.
  await writeFile(path, '{"at":"2026', { flag: 'a' })
  await appendGateLine(path, new Date(1), alike)
  const { lines, unreadable } = await readGateHistory(path)
  expect(lines.map(({ scenario, decision }) => [scenario, decision.answer])).toEqual([
    ['steady', 'fail'],
    ['burst', 'unknown'],
  ])
  expect(unreadable).toBe(1)
  expect(await readFile(path, 'utf8')).not.toContain('unusable')
})

test('changes have a sign, and none has none', () => {
  expect([1.1, 0.9, 1, 0.99999, 1.0004].map(formatChange)).toEqual(['+10.0 %', '-10.0 %', '0.0 %', '0.0 %', '0.0 %'])
})

test('the command repeats the gate with its flags', () => {
  expect(gateCommandOf('steady', { candidate: 'pool=5,memory=1g', budget: '5m' })).toBe(
    'npm run gate -- steady --candidate pool=5,memory=1g --budget 5m',
  )
})

test('what became of the stored baselines is told as JSON, too', () => {
  const gated = { results: [slower], page: join(dir, 'gate.html'), updated: ['steady.json: 21 runs, medians'] }
  expect(JSON.parse(tellGate(gated, { scenarios: ['steady', 'burst'], isJson: true }))).toMatchObject({
    answer: 'fail',
    unfinished: ['burst'],
    updated: gated.updated,
    page: gated.page,
  })
  const text = tellGate(gated, { scenarios: ['steady', 'burst'], isJson: false })
  expect(text).toContain('| FAIL')
  expect(text).toContain('\nsteady.json: 21 runs, medians\npage: ')
})
