import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { afterEach, expect, test, vi } from 'vitest'
import { createProgress, figuresScreen, figuresText, type LiveFigures } from './progress.ts'
import { manifest } from './verdict.fixture.ts'

afterEach(() => {
  vi.useRealTimers()
})

const live: LiveFigures = {
  atMs: 12_300,
  planned: 300,
  limits: manifest.limits,
  emitted: 180,
  acknowledged: 41,
  dropped: 3,
  attempts: 200,
  errors: { timeout: 12, reset: 0 },
  memoryBytes: 1.25 * 2 ** 30,
  eventsPending: 120,
  isDead: false,
}

test('live figures in one line, and on a terminal with bars against the load and the limit', () => {
  expect(figuresText(live, 14.24)).toBe(
    '+12.3 s  load  180 of 300 events emitted, 41 acknowledged, 3 dropped  14.2 requests/s  timeout 12  memory 1.25 GiB of 2 GiB  backlog 120',
  )
  expect(figuresText({ ...live, isDead: true, memoryBytes: null }, 0)).toContain('DataStorage is dead')
  const lines = stripVTControlCharacters(figuresScreen(live, 14.24, process.stdout)).split('\n')
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80)
  expect(lines).toContain(`   memory   ${'█'.repeat(19)}${'░'.repeat(11)} 1.25 GiB of 2 GiB`)
  expect(lines).toContain('   errors   timeout 12')
  expect(lines[0]).toContain('+12.3 s  load')
})

test('without a terminal, progress is plain lines, one every five seconds, and none after the end', () => {
  vi.useFakeTimers()
  const stream = new PassThrough({ encoding: 'utf8' })
  const progress = createProgress(stream as unknown as NodeJS.WriteStream)
  progress.say('warming up')
  progress.watch(() => live)
  vi.advanceTimersByTime(10_000)
  progress[Symbol.dispose]()
  vi.advanceTimersByTime(60_000)
  const lines = (stream.read() as string).trimEnd().split('\n')
  expect(lines).toHaveLength(4)
  expect(lines[0]).toBe('culprit: warming up')
  expect(lines.join('')).not.toContain('\u001b')
})
