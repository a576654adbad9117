import { PassThrough } from 'node:stream'
import { styleText } from 'node:util'
import { createLogUpdate } from 'log-update'
import type { ErrorClass } from '../sample.ts'
import type { Limits } from '../scenario.ts'
import { formatAt, formatBytes } from '../units.ts'

/** What is shown while the load runs. */
export interface LiveFigures {
  readonly atMs: number
  /** Events that the load will emit in all. */
  readonly planned: number
  readonly limits: Limits
  readonly emitted: number
  readonly acknowledged: number
  readonly dropped: number
  /** Requests sent so far. */
  readonly attempts: number
  readonly errors: Readonly<Partial<Record<ErrorClass, number>>>
  readonly memoryBytes: number | null
  readonly eventsPending: number | null
  readonly isDead: boolean
}

/** Tells the person at the terminal what goes on: a few lines that change on a terminal, plain ones elsewhere. */
export interface Progress extends Disposable {
  say(message: string): void
  /** Shows live figures until the next `say`. */
  watch(read: () => LiveFigures): void
}

const terminalEveryMs = 250
const plainEveryMs = 5_000

/** Progress on `stream`: stderr, so that stdout holds the result alone. */
export function createProgress(stream: NodeJS.WriteStream): Progress {
  const isTerminal = stream.isTTY === true && !process.env.CI
  if (isTerminal) rehearse(stream)
  const update = createLogUpdate(stream)
  let timer: NodeJS.Timeout | null = null
  const stop = () => {
    if (timer) clearInterval(timer)
    timer = null
    if (isTerminal) update.clear()
  }
  return {
    say(message) {
      stop()
      if (isTerminal) update(` ${message} ...`)
      else stream.write(`culprit: ${message}\n`)
    },
    watch(read) {
      stop()
      const measureRate = createRate()
      const show = () => {
        const live = read()
        const perSec = measureRate(live)
        if (isTerminal) update(figuresScreen(live, perSec, stream))
        else stream.write(`culprit: ${figuresText(live, perSec)}\n`)
      }
      show()
      timer = setInterval(show, isTerminal ? terminalEveryMs : plainEveryMs)
    },
    [Symbol.dispose]: stop,
  }
}

/**
 * Shows figures to nobody. The first time takes some 50 ms (measured), which must not fall into the burst: the load is sent
 * by the same process.
 */
function rehearse(stream: NodeJS.WriteStream): void {
  const nobody = Object.assign(new PassThrough(), { columns: 80, rows: 24 }).resume()
  const update = createLogUpdate(nobody as unknown as NodeJS.WriteStream)
  const nothing = {
    planned: 1,
    limits: { memoryLimitBytes: 1, cpus: 1 },
    emitted: 0,
    acknowledged: 0,
    dropped: 0,
    attempts: 0,
  }
  for (const atMs of [-1, 0, 1]) {
    const live = { ...nothing, atMs, errors: { timeout: 1 }, memoryBytes: 1, eventsPending: 0, isDead: false }
    update(figuresScreen(live, atMs, stream))
    figuresText(live, atMs)
  }
  update.done()
}

/** What the run is at, in a word. */
function phaseOf({ isDead, atMs, emitted, planned }: LiveFigures): string {
  if (isDead) return 'DataStorage is dead'
  if (atMs < 0) return 'warm-up'
  return emitted < planned ? 'load' : 'drain'
}

/** Over this long a rate is told: shorter, it jumps; longer, it lags. */
const rateOverMs = 3_000

/** Requests per second lately, from one look to the next. */
function createRate(): (live: LiveFigures) => number {
  const looks: { readonly atMs: number; readonly attempts: number }[] = []
  return ({ atMs, attempts }) => {
    looks.push({ atMs, attempts })
    while (looks.length > 2 && (looks[1]?.atMs ?? atMs) <= atMs - rateOverMs) looks.shift()
    const first = looks[0]
    return first && atMs > first.atMs ? (1_000 * (attempts - first.attempts)) / (atMs - first.atMs) : 0
  }
}

function errorsText({ errors }: LiveFigures): string {
  const seen = Object.entries(errors).filter(([, count]) => count > 0)
  return seen.map(([errorClass, count]) => `${errorClass} ${count}`).join('  ')
}

/** One line: `+12.3 s  load  180 of 300 events emitted, ...`. */
export function figuresText(live: LiveFigures, requestsPerSec: number): string {
  return [
    formatAt(live.atMs),
    phaseOf(live),
    `${live.emitted} of ${live.planned} events emitted, ${live.acknowledged} acknowledged, ${live.dropped} dropped`,
    `${requestsPerSec.toFixed(1)} requests/s`,
    errorsText(live),
    live.memoryBytes === null ? '' : `memory ${memoryText(live.memoryBytes, live)}`,
    live.eventsPending === null ? '' : `backlog ${live.eventsPending}`,
  ]
    .filter((part) => part !== '')
    .join('  ')
}

function memoryText(memoryBytes: number, { limits }: LiveFigures): string {
  return `${formatBytes(memoryBytes)} of ${formatBytes(limits.memoryLimitBytes)}`
}

const barColumns = 30
/** Of a limit: from here on, it is close. */
const closeShare = 0.9

/** A few lines of 80 columns that stay where they are, in colour where `stream` takes it. */
export function figuresScreen(live: LiveFigures, requestsPerSec: number, stream: NodeJS.WriteStream): string {
  const style = (format: Parameters<typeof styleText>[0], text: string) => styleText(format, text, { stream })
  const row = (name: string, text: string) => `   ${style('dim', name.padEnd(9))}${text}`
  const phase = phaseOf(live)
  const share = live.memoryBytes === null ? null : live.memoryBytes / live.limits.memoryLimitBytes
  const backlog = live.eventsPending === null ? '' : `, backlog ${live.eventsPending}`
  const errors = errorsText(live)
  return [
    ` ${style('bold', formatAt(live.atMs))}  ${live.isDead ? style(['bold', 'red'], phase) : phase}`,
    row(
      'emitted',
      `${bar(live.planned > 0 ? live.emitted / live.planned : 0)} ${live.emitted} of ${live.planned} events`,
    ),
    row('requests', `${requestsPerSec.toFixed(1)}/s`),
    row('events', `${live.acknowledged} acknowledged, ${live.dropped} dropped${backlog}`),
    row('errors', errors === '' ? 'none' : style('yellow', errors)),
    share === null || live.memoryBytes === null
      ? row('memory', 'not measured')
      : row(
          'memory',
          `${share >= closeShare ? style('red', bar(share)) : bar(share)} ${memoryText(live.memoryBytes, live)}`,
        ),
  ].join('\n')
}

function bar(share: number): string {
  const full = Math.round(barColumns * Math.min(1, Math.max(0, share)))
  return '█'.repeat(full) + '░'.repeat(barColumns - full)
}
