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
  readonly errors: Readonly<Partial<Record<ErrorClass, number>>>
  readonly memoryBytes: number | null
  readonly eventsPending: number | null
  readonly isDead: boolean
}

/** Tells the person at the terminal what goes on: one line that changes on a terminal, plain lines elsewhere. */
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
      const show = () =>
        isTerminal ? update(` ${figuresText(read())}`) : stream.write(`culprit: ${figuresText(read())}\n`)
      show()
      timer = setInterval(show, isTerminal ? terminalEveryMs : plainEveryMs)
    },
    [Symbol.dispose]: stop,
  }
}

/** `+12.3 s  180 of 300 events emitted, 41 acknowledged, 3 dropped  timeout 12  memory 1.2 GiB of 2 GiB  backlog 120`. */
export function figuresText(live: LiveFigures): string {
  const errors = Object.entries(live.errors).filter(([, count]) => count > 0)
  return [
    formatAt(live.atMs),
    live.isDead ? 'DataStorage is dead' : '',
    `${live.emitted} of ${live.planned} events emitted, ${live.acknowledged} acknowledged, ${live.dropped} dropped`,
    errors.map(([errorClass, count]) => `${errorClass} ${count}`).join(' '),
    live.memoryBytes === null
      ? ''
      : `memory ${formatBytes(live.memoryBytes)} of ${formatBytes(live.limits.memoryLimitBytes)}`,
    live.eventsPending === null ? '' : `backlog ${live.eventsPending}`,
  ]
    .filter((part) => part !== '')
    .join('  ')
}
