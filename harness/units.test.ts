import { expect, test } from 'vitest'
import { formatAt, formatBytes, formatMs, parseDuration, parseSize } from './units.ts'

test.each([
  ['2g', 2_147_483_648],
  ['512m', 536_870_912],
  ['1.5G', 1_610_612_736],
  ['2048k', 2_097_152],
  ['2GiB', 2_147_483_648],
  ['100', 100],
  ['', null],
  ['g', null],
  ['2 gb extra', null],
  ['-1g', null],
  ['1e3m', null],
])('size %j is %j bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes)
})

test.each([
  ['250ms', 250],
  ['2s', 2_000],
  ['1.5m', 90_000],
  ['1h', 3_600_000],
  ['2', null],
  ['2 days', null],
  ['-2s', null],
])('duration %j is %j ms', (text, durationMs) => {
  expect(parseDuration(text)).toBe(durationMs)
})

test('figures for people', () => {
  expect([2_147_483_648, 536_870_912, 12_163_481, 998.5].map(formatBytes)).toEqual([
    '2 GiB',
    '512 MiB',
    '11.5 MiB',
    '998 B',
  ])
  expect([0.42, 340.2, 4_980, 33_700].map(formatMs)).toEqual(['0.4 ms', '340 ms', '4.98 s', '33.7 s'])
  expect([33_740, -250].map(formatAt)).toEqual(['+33.7 s', '-0.3 s'])
})
