import { describeArrivals, isPlainBurst } from '../arrivals.ts'
import { partNames } from '../engine.ts'
import type { Manifest } from '../record.ts'
import type { Emitter, Load } from '../scenario.ts'
import type { AppliedLimits } from '../stack.ts'
import { formatAt, formatBytes, formatCpus, formatMs } from '../units.ts'
import type { Answer, CpuLimit, Finding, Percentiles, Verdict } from '../verdict.ts'

const limiterNames: Readonly<Record<AppliedLimits['limiter'], string>> = {
  'cgroup-v1': 'cgroup v1',
  'cgroup-v2': 'cgroup v2',
  systemd: 'systemd',
  watchdog: 'user-space watchdog, not a kernel limit',
  engine: 'container engine',
}

export function nameLimiter(limiter: AppliedLimits['limiter'] | null): string {
  return limiter === null ? 'limit not read back' : limiterNames[limiter]
}

/** Said beside a number of CPUs, where it is not the quota that everybody thinks of. */
const howLimited: Readonly<Record<NonNullable<CpuLimit['by']>, string>> = {
  quota: '',
  affinity: ' (pinned)',
  nothing: ' (NOT in force)',
}

/** Nothing for what the report had in mind. */
const emitterWords: Readonly<Record<Emitter, string>> = {
  'per-rr': '',
  shared: ', one client',
  direct: ', one request each',
  'closed-loop': ' in a closed loop',
}

/** ` (20 RRs every 2 s)`. Nothing for a burst, which is what the report had. */
export function describePace(load: Load): string {
  return isPlainBurst(load) ? '' : ` (${describeArrivals(load)})`
}

/** `2 GiB (cgroup v1) · 1 CPU · 100 RRs, 300 events, 20 every 2 s`. */
export function describeLoad({ limits, load, subject }: Manifest, { memory, cpu, ranIn }: Verdict): string {
  const pace = describePace(load)
  const cpus = `${formatCpus(limits.cpus)}${howLimited[cpu.by ?? 'quota']}`
  const approvals = load.approvalShare > 0 ? `, approvals in ${Math.round(100 * load.approvalShare)} %` : ''
  const events = `${load.rrs} RRs, ${load.rrs * load.eventsPerRr} events${approvals}${pace}${emitterWords[load.emitter]}`
  const whose = limits.memoryScope === 'stack' ? ' for the whole stack' : ''
  if (subject?.kind === 'target') return `${subject.url} · limits not known · ${events}`
  return `${describeRuntime(ranIn)}${formatBytes(limits.memoryLimitBytes)}${whose} (${nameLimiter(memory.limiter)}) · ${cpus} · ${events}`
}

/** `Docker 20.10.24 · `; nothing where the record does not say. */
function describeRuntime(ranIn: Verdict['ranIn']): string {
  if (!ranIn) return ''
  const names = { docker: 'Docker', podman: 'Podman', embedded: 'embedded', target: 'a target' }
  return `${[names[ranIn.runtime], ranIn.version].filter(Boolean).join(' ')} · `
}

/** What the engine says: `DataStorage: oom +10.7 s, die +10.8 s (137); OOMKilled true`. Nothing without an engine. */
export function describeEngine({ ranIn }: Verdict): string[] {
  if (!ranIn || ranIn.runtime === 'embedded' || ranIn.runtime === 'target') return []
  const { events, containers, doubts } = ranIn
  const parts = [...new Set([...events, ...containers].map(({ part }) => part))]
  const told = parts.flatMap((part) => {
    const own = events.filter((event) => event.part === part)
    const state = containers.find((container) => container.part === part)
    // Of the servers only what happened to them is news.
    if (own.length === 0 && part !== 'datastorage') return []
    const first = own.slice(0, mostEngineEvents).map(({ action, engineMs, exitCode, signal }) => {
      const how = action === 'die' ? exitCode : signal
      return `${action}${how === null ? '' : ` (${how})`} ${formatAt(engineMs)}`
    })
    const more = own.length > first.length ? [`${own.length - first.length} events more`] : []
    const flag = state?.oomKilled == null ? [] : [`OOMKilled ${state.oomKilled}`]
    const restarts = state?.restartCount
      ? [`${state.restartCount} ${state.restartCount === 1 ? 'restart' : 'restarts'}`]
      : []
    return [`${partNames[part]}: ${[[...first, ...more].join(', ') || 'no event', ...restarts, ...flag].join('; ')}`]
  })
  return [...told, ...doubts]
}

/** Of one part: a service that is restarted again and again has hundreds. */
const mostEngineEvents = 6

/** `1 CPU, by quota`. */
export function describeCpu({ limits }: Manifest, { cpu }: Verdict): string {
  const asked = formatCpus(limits.cpus)
  switch (cpu.by) {
    case null:
      return `${asked} asked for; not read back`
    case 'quota':
      return `${asked}, by the kernel's CFS quota`
    case 'affinity':
      return `${asked}, by pinning: no quota, so nothing counts throttling`
    case 'nothing':
      return `${asked} asked for, NOT in force`
  }
}

/** What happened, in one word for a headline. */
export function describeOutcome({ outcome, diedMs }: Verdict): string {
  if (outcome === 'crashed') return `CRASHED at ${formatAt(diedMs ?? 0)}`
  return outcome === 'survived' ? 'SURVIVED' : 'NOT KNOWN'
}

/** The chain first, as it happened; then what else stands or could not be settled; then the rest. */
export function orderFindings({ findings, chain }: Verdict): Finding[] {
  const order: Answer[] = ['supported', 'inconclusive', 'refuted', 'not exercised']
  const weight = (finding: Finding) => {
    const place = chain.findIndex((link) => link.hypothesis === finding.hypothesis)
    return place >= 0 ? place : chain.length + order.indexOf(finding.answer)
  }
  return [...findings].sort((a, b) => weight(a) - weight(b))
}

/** What became of the events, most telling first; what is zero and expected to be is still said. */
export function describeAccounting({ accounting }: Pick<Verdict, 'accounting'>): string[] {
  const { stored, acknowledgedAndLost, storedMoreThanOnce, storedUnacknowledged } = accounting
  const parts = [
    `${accounting.acknowledged} acknowledged`,
    `${accounting.droppedByClient} dropped by the client`,
    stored === null ? 'storage not read back' : `${stored} stored`,
  ]
  if (storedMoreThanOnce !== null) parts.push(`${storedMoreThanOnce} more than once`)
  if (storedUnacknowledged) parts.push(`${storedUnacknowledged} without an acknowledgement`)
  if (accounting.inDeadLetterQueue) parts.push(`${accounting.inDeadLetterQueue} still in the dead-letter queue`)
  if (acknowledgedAndLost !== null) parts.push(`${acknowledgedAndLost} acknowledged and lost`)
  if (accounting.neverAttempted > 0) parts.push(`${accounting.neverAttempted} never sent`)
  if (accounting.unknown > 0) parts.push(`${accounting.unknown} unknown (without an answer when the run ended)`)
  return parts
}

/** `12 of 300 sent late, by up to 140 ms; 3 events due and never sent`. Nothing where all was sent on time. */
export function describeLate({ sentLate }: Verdict['latency']): string {
  if (!sentLate) return ''
  const { count, of, maxMs, neverSent } = sentLate
  const late = count > 0 ? [`${count} of ${of} sent late, by up to ${formatMs(maxMs)}`] : []
  return [...late, ...(neverSent > 0 ? [`${neverSent} events due and never sent`] : [])].join('; ')
}

/** What came back after the service had been started again. Empty: nobody looked. */
export function describeRecovery({ recovery, accounting }: Pick<Verdict, 'recovery' | 'accounting'>): string {
  if (!recovery) return ''
  const { wasStarted, readyMs, queuedBefore, drainMs, cameBack, lost, storedMoreThanOnce } = recovery
  const started = wasStarted ? `started again, ready after ${formatMs(readyMs ?? 0)}` : 'it had not died'
  const queue =
    drainMs === null
      ? `the dead-letter queue (${queuedBefore}) did not drain, ${recovery.inDeadLetterQueue} still in it`
      : queuedBefore === 0
        ? 'the dead-letter queue was empty'
        : `the dead-letter queue (${queuedBefore}) drained in ${formatMs(drainMs)}`
  return `${started}; ${queue}; ${cameBack ?? 'nobody knows how many'} events came back, ${lost} of ${accounting.emitted} are lost for good, ${recovery.acknowledgedAndLost} of these acknowledged; ${storedMoreThanOnce} are stored more than once`
}

/** How the audit checks went, and why the first of them failed. Empty: none were run. */
export function describeChecks({ checks }: Verdict, when: Manifest['checks']): string {
  if (!checks) return ''
  const failed = checks.filter((check) => check.result === 'failed')
  const [first] = failed
  const why = first ? `; ${first.name}: ${first.because}` : ''
  return `${checks.length - failed.length} of ${checks.length} audit checks passed ${when === 'before-load' ? 'before' : 'after'} the load${why}`
}

/** Plain sentences that set the measured figures beside what the report says and what is plausible. */
export function describePlausibility(verdict: Verdict): string[] {
  const { plausibility, accounting } = verdict
  const {
    bytesPerPendingEvent,
    bytesPerEventAsJson,
    peakPendingEvents,
    eventsPerSecEmitted,
    attemptsPerSecSent,
    eventsPerRequest,
  } = plausibility
  const sentences: string[] = []
  const isTold = bytesPerPendingEvent !== null && bytesPerEventAsJson !== null && peakPendingEvents !== null
  if (isTold && memoryShare(verdict) >= worthExplaining) {
    const factor = Math.round(bytesPerPendingEvent / bytesPerEventAsJson).toLocaleString('en')
    sentences.push(
      `a pending event held ${formatBytes(bytesPerPendingEvent)} (${peakPendingEvents} pending at the peak), ` +
        `${factor} times its JSON of ${formatBytes(bytesPerEventAsJson)}`,
    )
  }
  if (eventsPerSecEmitted !== null && attemptsPerSecSent !== null) {
    const each = eventsPerRequest === null ? '' : ` of ${eventsPerRequest.toFixed(1)} events`
    sentences.push(
      `${accounting.emitted} events at ${eventsPerSecEmitted.toFixed(1)}/s in ${attemptsPerSecSent.toFixed(1)} requests/s${each}; ` +
        'the report says 300-400 events in 30 s (10-13/s)',
    )
  }
  if (plausibility.effectiveWriteRatePerSec !== null) {
    sentences.push(`while work was pending, ${plausibility.effectiveWriteRatePerSec.toFixed(1)} events/s were written`)
  }
  if (verdict.outcome === 'survived') sentences.push(...describeHeadroom(verdict))
  return sentences
}

/** Of the memory limit: below this, what a process takes for its own comfort outweighs what pending events take. */
const worthExplaining = 0.5

function memoryShare({ memory: { peakBytes, limitBytes } }: Verdict): number {
  return peakBytes === null || !limitBytes ? 0 : peakBytes / limitBytes
}

/** How far a service that survived stayed from its limits. */
function describeHeadroom(verdict: Verdict): string[] {
  const { cpuUsedShare, peakConnections, poolSize } = verdict.plausibility
  const memory = memoryShare(verdict)
  const used = [
    ...(cpuUsedShare === null ? [] : [`${inPercent(cpuUsedShare)} of its CPU limit`]),
    ...(memory === 0 ? [] : [`at most ${inPercent(memory)} of ${whoseLimit(verdict)} memory limit`]),
    ...(peakConnections === null
      ? []
      : [`at most ${peakConnections}${poolSize === null ? '' : ` of ${poolSize}`} connections`]),
  ]
  return used.length === 0 ? [] : [`used ${used.join(', ')}`]
}

/** What a limit over all parts holds is not the service's use alone: page cache and the servers are in it. */
function whoseLimit({ memory }: Verdict): string {
  return memory.scope === 'stack' ? "(with the whole stack) the stack's" : 'its'
}

function inPercent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`
}

export function describePercentiles(percentiles: Percentiles | null, format: (ms: number) => string): string {
  if (!percentiles) return 'none'
  return `p50 ${format(percentiles.p50Ms)}  p95 ${format(percentiles.p95Ms)}  p99 ${format(percentiles.p99Ms)}`
}

/** What to try next, as a command: the same run with more of what ran short, first things first, where there is more. */
export function nextCommand(
  { chain }: Verdict,
  { limits, poolSize, machine, subject }: Manifest,
  replay: string,
): string | null {
  if (replay === '') return null // the first records do not say
  const stands = (hypothesis: string) => chain.some((link) => link.hypothesis === hypothesis)
  const twiceTheMemory = 2 * limits.memoryLimitBytes
  if (stands('cpu-too-small') && 2 * limits.cpus <= machine.cpus) return withFlag(replay, '--cpus', 2 * limits.cpus)
  // Of another image a knob is not available without a variable that sets it.
  const isPoolOurs = subject?.kind === 'image' ? subject.knobs.pool !== undefined : subject?.kind !== 'target'
  if (stands('pool-exhaustion') && isPoolOurs) return withFlag(replay, '--pool', Math.min(90, 4 * poolSize))
  if ((stands('memory-limit') || stands('shared-memory')) && twiceTheMemory <= machine.memoryBytes) {
    return withFlag(replay, '--memory', `${Math.round(twiceTheMemory / 2 ** 20)}m`)
  }
  return null
}

function withFlag(command: string, flag: string, value: string | number): string {
  const set = new RegExp(`${flag} \\S+`)
  return set.test(command) ? command.replace(set, `${flag} ${value}`) : `${command} ${flag} ${value}`
}

export function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1)
}
