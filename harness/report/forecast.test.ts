import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import type { Forecast, Outlook, Row } from '../prediction.ts'
import { renderForecast } from './forecast.ts'
import { manifest } from './verdict.fixture.ts'

const GiB = 2 ** 30

const rows: Row[] = [
  { what: 'first reset', unit: 'moment', predicted: 1_004, among: { low: 900, high: 1_040, seeds: 20 } },
  { what: 'death', unit: 'moment', predicted: 30_660, among: { low: 28_000, high: 37_000, seeds: 18 } },
  { what: 'peak memory', unit: 'bytes', predicted: 2 * GiB, among: { low: 2 * GiB, high: 2 * GiB, seeds: 20 } },
  { what: 'acknowledged', unit: 'count', predicted: 49, among: { low: 46, high: 60, seeds: 20 } },
]
const measured = (values: readonly (number | null)[], isAmong: readonly boolean[]) =>
  rows.map((row, index): Row => ({ ...row, measured: values[index] ?? null, isAmong: isAmong[index] ?? false }))

const outlook: Outlook = {
  conditions: manifest,
  seeds: 20,
  crashed: 18,
  rows,
  prediction: {
    seed: 1,
    outcome: 'crashed',
    diedMs: 30_660,
    endMs: 35_660,
    firstMs: { reset: 1_004, timeout: 5_600, refused: 30_700 },
    errors: { reset: 100, timeout: 300, refused: 200 },
    attempts: 700,
    retries: 400,
    events: { emitted: 300, acknowledged: 49, dropped: 180, open: 71, stored: 160, storedMoreThanOnce: 70 },
    peakPendingEvents: 166,
    peakMemoryBytes: 2 * GiB,
    series: Array.from({ length: 123 }, (_, step) => ({
      t: step * 250,
      backlog: step,
      awaitingAnswer: Math.min(step, 80),
      memoryBytes: (step / 123) * 2 * GiB,
    })),
  },
}

const forecast: Forecast = {
  scenario: 'high-load',
  figures: {
    workMsPerEvent: 106.7,
    takeMsPerEvent: 13.2,
    heldBytesPerEvent: 12 * 2 ** 20,
    baselineBytes: 150 * 2 ** 20,
    maxAwaitingAnswer: 80,
    writers: 2,
    cpuShare: 0.96,
  },
  outlook,
  thresholds: {
    seeds: 5,
    memoryBytes: { low: 3 * GiB, high: 3.25 * GiB },
    rrs: { survive: { low: 84, high: 90 }, lossless: { low: 80, high: 80 }, searchedTo: 1_000 },
    cpus: { survive: { low: 1.05, high: 1.2 }, lossless: null },
  },
  record: null,
}

const plain = (told: Forecast) => {
  const lines = stripVTControlCharacters(renderForecast(told, process.stdout)).split('\n')
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80)
  return lines.join('\n')
}

const check = { ...outlook, rows: measured([1_000, 12_000, 2 * GiB, 90], [true, false, true, false]) }
const record = { dir: '/runs/a', id: 'a', isSame: true, doubt: null, check }

test('a prediction says what would happen, how sure that is, and where it changes', () => {
  const text = plain(forecast).replaceAll(/\s+/g, ' ')
  expect(text).toContain('WOULD CRASH at +30.7 s, at its memory limit of 2 GiB. It crashes with 18 of 20 seeds')
  expect(text).toContain('death +30.7 s +28.0 s to +37.0 s, 18 of 20')
  expect(text).toContain(
    'survives with at least 3 GiB to 3.25 GiB; with at most 84 to 90 RRs; with at least 1.05 to 1.20',
  )
  expect(text).toContain('loses none with at most 80 RRs; with no number of CPUs')
  expect(text).toContain('106.7 ms of CPU per event, 13.2 of them to take its memory')
  expect(text).toContain('nothing was run')
  expect(text).not.toContain('measured')
})

test('what was measured stands beside it, and what lies outside is called that', () => {
  const text = plain({ ...forecast, outlook: check, record })
  expect(text).toMatch(/death +\+30\.7 s .* \+12\.0 s +57 % below/)
  expect(text).toMatch(/acknowledged +49 .* 90 +50 % above/)
  expect(text).toMatch(/peak memory .* 2 GiB$/m)
  expect(text.replaceAll(/\s+/g, ' ')).toContain('measured outside of what 20 seeds predict: death, acknowledged')
})

test('another question than the record answers is told apart from the record', () => {
  const text = plain({ ...forecast, record: { ...record, isSame: false } }).replaceAll(/\s+/g, ' ')
  expect(text).toContain('check the model for what that run was (2 GiB · 1 CPU · 100 RRs, 300 events)')
})

test('a record without a known outcome, or with CPU to spare, is said to tell nothing of it', () => {
  const doubtful = { ...record, check: outlook, doubt: 'the generator was saturated' }
  const thresholds = { ...forecast.thresholds, cpus: null }
  const text = plain({ ...forecast, thresholds, record: doubtful }).replaceAll(/\s+/g, ' ')
  expect(text).toContain('outcome is not known (the generator was saturated), so nothing can be compared')
  expect(text).toContain('what more CPU would do is not known')
})

test('a threshold that only some seeds have is told as such', () => {
  const told = (rrs: Partial<Forecast['thresholds']['rrs']>, cpus: Forecast['thresholds']['cpus']) =>
    plain({
      ...forecast,
      thresholds: { ...forecast.thresholds, rrs: { ...forecast.thresholds.rrs, ...rrs }, cpus },
    }).replaceAll(/\s+/g, ' ')
  const some = { low: 300, high: null }
  expect(told({ survive: some }, null)).toContain('with at most 300 RRs, with some seeds with 1000 and more;')
  expect(told({ survive: null }, null)).toContain(
    'survives with at least 3 GiB to 3.25 GiB; with 1000 RRs, and no more',
  )
  expect(told({ lossless: { low: 0, high: 0 } }, null)).toContain('loses none not even with 1 RR')
  const text = told({}, { survive: { low: 1.5, high: null }, lossless: null })
  expect(text).toContain('with at least 1.50 CPUs, with some seeds with no number of them')
})
