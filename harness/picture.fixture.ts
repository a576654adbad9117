/** What tests draw evidence with: one character of a string is one step of time, a blank is a reading that is missing. */
import type { PartName } from './engine.ts'
import type { Evidence } from './evidence.ts'
import type { PartProbe, PostgresLog, ProbeFailure, ProcessState } from './probe-line.ts'
import type { AppliedLimits, ProcessExit } from './stack.ts'

/** `0` to `9`, or a bar: eighths. Numbers where a picture would not do; `null` is a missing reading. */
export type Drawn = string | readonly (number | null)[]

export interface Picture {
  /** One character's time; the first is at t = 0. */
  readonly stepMs?: number
  readonly limitBytes?: number
  readonly cpus?: number
  readonly timeoutMs?: number
  readonly poolSize?: number
  /** Bars: shares of the limit. */
  readonly memory?: Drawn
  readonly oomKills?: Drawn
  /** Bars: shares of the step's CFS periods (ten a second), and of its CPU quota. */
  readonly throttled?: Drawn
  readonly cpu?: Drawn
  /** The service's own figures. */
  readonly pending?: Drawn
  readonly written?: Drawn
  readonly inProgress?: Drawn
  readonly awaiting?: Drawn
  readonly poolInUse?: Drawn
  readonly poolWaiting?: Drawn
  /** PostgreSQL's. */
  readonly rows?: Drawn
  readonly active?: Drawn
  readonly idleInTransaction?: Drawn
  readonly lockWaits?: Drawn
  readonly deadlocks?: Drawn
  /** As the rows, unless drawn. */
  readonly commits?: Drawn
  /**
   * Such as `a0 100..5100 timeout`: client a, its event 0, from start to end, and how it ended. A second request for the
   * same event is its second attempt. `a0*3` carries three events; `+40` after the end adds a send delay.
   */
  readonly requests?: readonly string[]
  readonly exit?: Partial<ProcessExit> & { readonly t: number }
  /** By the user-space watchdog. */
  readonly watchdogKill?: { readonly t: number; readonly memoryBytes: number }
  /** Time that threads waited for a CPU: shares of the step. */
  readonly cpuWait?: Drawn
  /** The other parts and the stack as a whole, under a limit over all: memory is shares of it, all of it anonymous. */
  readonly parts?: Partial<Record<PartProbe['part'], { readonly memory?: Drawn; readonly oomKills?: Drawn }>>
  readonly partExits?: readonly (Partial<ProcessExit> & { readonly t: number; readonly part: PartName })[]
  /** In which the service gives no sign of life; it does every half second otherwise. */
  readonly silent?: { readonly fromMs: number; readonly toMs: number }
  readonly processStates?: readonly ProcessState[]
  readonly postgresLog?: readonly PostgresLog[]
  readonly probeFailures?: readonly ProbeFailure[]
  /** How limits were enforced: by a control group's, unless given. */
  readonly applied?: Partial<AppliedLimits>
  readonly endMs?: number
  readonly endReason?: NonNullable<Evidence['end']>['reason']
  readonly stderr?: readonly string[]
  readonly stored?: Evidence['stored']
  readonly queued?: Evidence['queued']
}

const bars = '▁▂▃▄▅▆▇█'

function values(drawn: Drawn | undefined): (number | null)[] {
  if (typeof drawn !== 'string') return [...(drawn ?? [])]
  return [...drawn].map((mark) => {
    if (mark === ' ') return null
    return bars.includes(mark) ? (bars.indexOf(mark) + 1) / 8 : Number(mark)
  })
}

/** `count` requests or clients, drawn by their number. */
export function times<T>(count: number, draw: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => draw(index))
}

/** Builds a probe's lines; a step at which nothing is drawn has none. */
export function steps<T>(
  drawn: readonly (Drawn | undefined)[],
  build: (at: (number | null)[], index: number) => T,
): T[] {
  const series = drawn.map(values)
  const count = Math.max(...series.map((one) => one.length))
  return times(Number.isFinite(count) ? count : 0, (index) => {
    const at = series.map((one) => one[index] ?? null)
    return at.every((value) => value === null) ? [] : [build(at, index)]
  }).flat()
}
