import { median } from 'simple-statistics'
import { countDistinct } from '../../event-ledger.ts'
import type { Evidence } from '../../evidence.ts'
import { failedAttempts, watchedUntilMs, writeAttempts } from '../../measure.ts'
import type { Change } from '../../perturbation.ts'
import { formatBytes, formatMs, parseDuration, parseSize } from '../../units.ts'

/** Whether a change was in force, from what the run itself shows. `told` says how it was seen, or why it was not. */
export interface ReadBack {
  readonly inForce: boolean
  readonly told: string
}

/** By flag: what shows that it took effect, beside the recorded run. */
const readers: Readonly<Record<string, (value: string, run: Evidence, recorded: Evidence) => ReadBack>> = {
  memory(value, { appliedLimits }) {
    const bytes = appliedLimits?.memoryLimitBytes
    if (!bytes) return absent('the memory limit was not read back')
    return { inForce: Math.abs(bytes - (parseSize(value) ?? 0)) <= 2 ** 20, told: `limit ${formatBytes(bytes)}` }
  },
  cpus(value, { appliedLimits }) {
    const cpus = appliedLimits?.cpus
    if (!cpus) return absent('no CPU limit was in force')
    return { inForce: Math.abs(cpus - Number(value)) <= 0.01, told: `limit ${cpus} CPU` }
  },
  pool(value, { service }) {
    const size = service.findLast(({ poolMax }) => poolMax !== null)?.poolMax
    if (size == null) return absent('how large its pool was is not known')
    return { inForce: size === Number(value), told: `a pool of ${size}` }
  },
  attempts(value, run, recorded) {
    const [most, before] = [run, recorded].map((one) => Math.max(0, ...writeAttempts(one).map((each) => each.attempt)))
    if ((before ?? 0) <= Number(value)) return absent('nobody had sent again before, either')
    return { inForce: (most ?? 0) <= Number(value), told: `at most ${most} ${most === 1 ? 'attempt' : 'attempts'}` }
  },
  'client-timeout'(value, run) {
    const wantedMs = parseDuration(value) ?? 0
    const waited = failedAttempts(run, ['timeout']).map(({ startedMs, endedMs }) => endedMs - startedMs)
    if (waited.length === 0) return absent('no client gave up')
    return {
      inForce: Math.abs(median(waited) / wantedMs - 1) <= nearShare,
      told: `clients gave up after ${formatMs(median(waited))}`,
    }
  },
  pace: (_, run, recorded) => fewerOrMore(run, recorded, (share) => share <= fewerShare),
  rrs: (_, run, recorded) => fewerOrMore(run, recorded, (share) => share >= 1 / fewerShare),
}

/** A busy machine fires its timers late. */
const nearShare = 0.25
/** Of the events that the recorded run had sent by the same time. */
const fewerShare = 0.7

/** How many events were sent in the time that the shorter of the two runs lasted. */
function fewerOrMore(run: Evidence, recorded: Evidence, isMeant: (share: number) => boolean): ReadBack {
  const untilMs = Math.min(lastSentMs(recorded), ...[run, recorded].map((one) => watchedUntilMs(one) ?? 0))
  const [sent, before] = [run, recorded].map((one) => {
    return countDistinct(writeAttempts(one).filter(({ startedMs }) => startedMs <= untilMs))
  }) as [number, number]
  const told = `${sent} events sent in the time of ${before} before`
  return { inForce: before > 0 && isMeant(sent / before), told }
}

/** The time in which a burst comes says more of its pace than all of a run. */
function lastSentMs(recorded: Evidence): number {
  const first = writeAttempts(recorded).filter(({ attempt }) => attempt === 1)
  return first.length === 0 ? 0 : median(first.map(({ startedMs }) => startedMs))
}

function absent(told: string): ReadBack {
  return { inForce: false, told }
}

/** What cannot be read back counts as not in force: such a run decides nothing. */
export function readBack({ flag, value }: Change, run: Evidence, recorded: Evidence): ReadBack {
  const read = readers[flag]?.(value, run, recorded) ?? absent(`--${flag} cannot be read back`)
  return read.inForce ? read : { ...read, told: `--${flag} ${value} was not in force: ${read.told}` }
}

/** Whether any run can show that a flag took effect. */
export function canBeReadBack(flag: string): boolean {
  return readers[flag] !== undefined
}
