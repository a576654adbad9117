import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import type { CellSummary } from '../../comparison.ts'
import { notStarted } from '../../trial.fixture.ts'
import { absent, comparison, dying, GiB, losing } from './comparison.fixture.ts'
import { renderTrialsCsv } from './csv.ts'
import { renderComparisonMarkdown } from './markdown.ts'
import { renderComparisonPage } from './page.ts'
import { range, rangeOfBytes } from './rows.ts'
import { renderComparison } from './terminal.ts'

const terminal = (cells: readonly CellSummary[], columns = 80) =>
  stripVTControlCharacters(
    renderComparison(comparison(cells), { dir: 'x', stream: Object.assign(process.stdout, { columns }) }),
  )

test.each([80, 100, 300])('many cells are split into blocks at %i columns, never wrapped', (columns) => {
  const lines = terminal([dying, losing, absent, dying, losing, dying, losing, dying, losing], columns).split('\n')
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(Math.min(columns, 100))
  expect(lines.filter((line) => line.startsWith(' outcome')).length).toBe(columns === 80 ? 3 : 2)
})

test('surviving is not curing: a cell that lives and loses events says so', () => {
  const text = terminal([dying, losing])
  expect(text).toMatch(/outcome +crashes +survives, loses\n +events/)
  expect(text).toMatch(/crashed +3 of 3 +0 of 3/)
  expect(text).toMatch(/died +9\.1–9\.6 s +-/)
  expect(text).toMatch(/p50 +1\.00 ± 0\.02 s/)
  expect(text).toMatch(/p99 +5\.01 s/)
  expect(text).toMatch(/acknowledged +46–87 of 300/)
  expect(text).toMatch(/exactly once +12 ± 4 %/)
  expect(text.replaceAll(/\s+/g, ' ')).toContain('predict (table.md has the figures): memory=1g: acknowledged')
})

test('ranges share their unit', () => {
  expect(range({ low: 1, high: 1 })).toBe('1')
  expect(range({ low: 1, high: 2 }, (value) => `${value} GiB`)).toBe('1–2 GiB')
  expect(range({ low: 1, high: 2 }, (value) => (value === 1 ? '980 MiB' : '1.2 GiB'))).toBe('980 MiB–1.2 GiB')
  expect(rangeOfBytes({ low: 0.995 * GiB, high: GiB })).toBe('0.99–1 GiB')
  expect(rangeOfBytes({ low: 2 * GiB, high: 2.5 * GiB })).toBe('2–2.5 GiB')
  expect(rangeOfBytes({ low: 400 * 2 ** 20, high: 512 * 2 ** 20 })).toBe('400–512 MiB')
})

test('the page asks nobody for anything, and draws each cell with its limit and the prediction dashed', () => {
  const page = renderComparisonPage(comparison([dying, losing]))
  expect(page).not.toMatch(/(src|href)="(?!#)/)
  const data = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? ''
  const { charts } = JSON.parse(data) as {
    charts: { levels: unknown[]; series: { dashed?: boolean; values: unknown[] }[] }[]
  }
  expect(charts).toHaveLength(2)
  expect(charts[0]).toMatchObject({
    levels: [{ label: 'limit', value: GiB }],
    series: [{ label: 'cell-1-run-1, died at +9.3 s' }, { label: 'predicted, death at +9.0 s', dashed: true }],
  })
  expect(charts[0]?.series[1]?.values).toContain(GiB)
  expect(page).toContain('survives, loses events')
  expect(page).toContain('measured acknowledged 31, predicted 46 to 87')
})

test('text from outside is shown, not obeyed', () => {
  const cells = [dying, absent]
  const page = renderComparisonPage(comparison(cells))
  expect(page).not.toContain('<img')
  expect(page).toContain('\\u001b[31m')
  expect(renderComparisonMarkdown(comparison(cells))).not.toMatch(/[^\\]<img/)
  expect(terminal(cells)).toContain('\\u001b[31m')
  const csv = renderTrialsCsv([{ ...notStarted, why: '=cmd()' }], () => ({ image: '@SUM(1)' }))
  expect(csv).toContain("'@SUM(1)")
  expect(csv).toContain("'=cmd()")
})
