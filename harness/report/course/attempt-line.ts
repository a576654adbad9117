import type { Line } from '../../sample.ts'

/** What the course of a run needs of an attempt. */
export interface AttemptLine extends Line {
  readonly phase: string
  readonly operation: string
  readonly intendedMs: number
  readonly startedMs: number
  readonly endedMs: number
  readonly failure: { readonly errorClass: string } | null
}

const whole = '-?(?:0|[1-9]\\d*)'
const number = `${whole}(?:\\.\\d+)?`
/** Nothing that would need JSON's own reading: no escapes, no control characters. */
const text = '"[^"\\\\\\u0000-\\u001f]*"'
const failure = `"errorClass":"([\\w-]+)"(?:,"(?:code|syscall|message)":${text}|,"errno":${whole})*`
const times = ['intendedMs', 'startedMs', 'endedMs'].map((name) => `"${name}":(${number})`)
const attempt = new RegExp(
  `^${[
    `{"kind":"attempt","t":(${number}),"phase":"([\\w-]+)","operation":"([\\w-]+)","client":${text}`,
    `"firstEvent":${whole},"events":${whole},"attempt":${whole}`,
    ...times,
    `"outcome":"\\w+","status":(?:${whole}|null)(?:,"retryAfterMs":${number})?,"failure":(?:null|{${failure}})}`,
  ].join(',')}$`,
)

/**
 * A line of samples.ndjson that was written as Culprit writes attempts, read by one pattern: a million of them take less
 * than half the time that JSON takes. `null`: any other line, which is to be read as JSON.
 */
export function parseAttempt(line: string): AttemptLine | null {
  const found = attempt.exec(line)
  if (!found) return null
  const [, t, phase = '', operation = '', intendedMs, startedMs, endedMs, errorClass] = found
  return {
    kind: 'attempt',
    t: Number(t),
    phase,
    operation,
    intendedMs: Number(intendedMs),
    startedMs: Number(startedMs),
    endedMs: Number(endedMs),
    failure: errorClass === undefined ? null : { errorClass },
  }
}
