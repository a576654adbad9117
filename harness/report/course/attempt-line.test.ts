import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseAttempt } from './attempt-line.ts'

const fixtures = join(import.meta.dirname, '..', '..', 'fixtures')
const records = globSync('*/samples.ndjson', { cwd: fixtures })
const linesOf = (file: string) => readFileSync(join(fixtures, file), 'utf8').trimEnd().split('\n')

/** What JSON makes of it, as far as a report needs it. */
function byJson(line: string) {
  const { kind, t, phase, operation, intendedMs, startedMs, endedMs, failure } = JSON.parse(line)
  return {
    ...{ kind, t, phase, operation, intendedMs, startedMs, endedMs },
    failure: failure && { errorClass: failure.errorClass },
  }
}

test.each(records)('every attempt of the record %s is read the short way, as JSON reads it', (file) => {
  const attempts = linesOf(file).filter((line) => line.startsWith('{"kind":"attempt"'))
  expect(attempts.length).toBeGreaterThan(50)
  for (const line of attempts) expect(parseAttempt(line), line).toEqual(byJson(line))
})

test('a line that lost, doubled or changed any one of its characters is read as JSON reads it, or not the short way', () => {
  const failed = linesOf(records[0] ?? '').find((line) => line.includes('"syscall"')) ?? ''
  const answered =
    '{"kind":"attempt","t":-0.5,"phase":"load","operation":"query","client":"rr-1","firstEvent":0,"events":10,"attempt":1,"intendedMs":0,"startedMs":10.25,"endedMs":205,"outcome":"failed","status":429,"retryAfterMs":500,"failure":{"errorClass":"4xx"}}'
  for (const line of [failed, answered]) {
    expect(parseAttempt(line)).toEqual(byJson(line))
    for (let at = 0; at < line.length; at++) {
      for (const put of ['', line[at]?.repeat(2), '0', '"', '\\', ',', '\u0001', 'e', ' ']) {
        const damaged = `${line.slice(0, at)}${put}${line.slice(at + 1)}`
        const short = parseAttempt(damaged)
        if (short) expect(short, damaged).toEqual(byJson(damaged))
      }
    }
  }
})

test.each([
  ['another kind', '{"kind":"drop","t":1,"client":"rr-1","firstEvent":0,"events":1,"why":"rejected"}'],
  ['a field that is not known here', '{"kind":"attempt","t":1,"route":"/x"}'],
  ['no line', ''],
])('%s is left to JSON', (_, line) => {
  expect(parseAttempt(line)).toBe(null)
})
