import { countDistinct, createEventLedger } from '../event-ledger.ts'
import type { Evidence } from '../evidence.ts'
import type { Hypothesis } from '../hypothesis.ts'
import {
  attemptsPerEvent,
  failedAttempts,
  gaps,
  loadClients,
  longestSilenceMs,
  points,
  type Stretch,
  writeAttempts,
} from '../measure.ts'
import { lessPatience, noRetries } from '../perturbation.ts'
import type { ServiceProbe } from '../probe-line.ts'
import { formatAt } from '../units.ts'
import type { Observed } from '../verdict.ts'
import { absent, absentIfWatched, notMeasurable, percent, seen, span, watched } from './observe.ts'
import { postgresLagMs, progress, writesWithin, writeTicks } from './progress.ts'

/**
 * Attempts per event. A burst that runs into a limit on open requests and then goes well stays near 1.1 (20 of 300
 * events sent again, in the queueing model of the incident); a storm of clients with three attempts goes to 2 and more.
 */
const stormAttempts = 1.3
/** Of the requests in progress: the share nobody waits for, from which on they are more than stragglers. */
const abandonedShare = 0.25
/** Of the events sent: the share stored in vain, from which on they are more than stragglers. */
const inVainShare = 0.05
/**
 * A quarter of two requests is one straggler. A storm is more than a few clients at once: five, and one in twenty of a
 * larger number (recorded storms of 100 clients have 68 to 239 such requests; one that had them for a while and
 * recovered, 11).
 */
const fewestInVain = 5
const clientShare = 0.05

export const retryStorm: Hypothesis = {
  name: 'retry-storm',
  label: 'retry storm',
  role: 'amplifier',
  claim: 'Clients gave up and sent again, while the service went on working on requests that nobody waited for.',
  phrase: 'a retry storm',
  perturbations: [
    { expected: 'gone', ...noRetries },
    { expected: 'sooner', ...lessPatience },
  ],
  predictions: [
    {
      statement: 'events are sent 1.3 times or more on average',
      necessary: true,
      observe(evidence) {
        const perEvent = attemptsPerEvent(evidence)
        if (perEvent === null) return notMeasurable('no attempt on record')
        const because = `${perEvent.toFixed(1)} attempts per event`
        if (perEvent >= stormAttempts) {
          const first = failedAttempts(evidence, ['timeout'])[0]
          return seen(because, first ? [first.ref] : [])
        }
        return absentIfWatched(evidence, because)
      },
    },
    {
      statement:
        'a quarter of the requests in progress has no client left, or events are stored in vain, and they are most of what is written',
      necessary: true,
      observe(evidence) {
        const inVain = worksInVain(evidence)
        if (inVain.result !== 'seen') return inVain
        // Recorded storms had not one acknowledged; services that caught up after a standstill four of five.
        const goodput = goodputFalls(evidence)
        return goodput.result === 'absent' ? absent(`${inVain.because}, but ${goodput.because}`, goodput.refs) : inVain
      },
    },
    {
      statement: 'clients time out and send the same events again',
      necessary: true,
      observe(evidence) {
        if (writeAttempts(evidence).length === 0) return notMeasurable('no attempt on record')
        const timeouts = failedAttempts(evidence, ['timeout'])
        if (timeouts.length === 0) return absentIfWatched(evidence, 'no request timed out')
        const keys = new Set(writeAttempts(evidence).map(keyOf))
        const again = timeouts.filter((attempt) => keys.has(keyOf({ ...attempt, attempt: attempt.attempt + 1 })))
        const first = again[0]
        return first
          ? seen(`${again.length} batches sent again after a timeout`, [first.ref])
          : absentIfWatched(evidence, `none of ${timeouts.length} timeouts was followed by another attempt`)
      },
    },
    {
      // Clients that send again to a service which does nothing at all add no load to it: that is a block, not a storm. Nor
      // is what it then works off a storm, when it catches up by itself.
      statement: 'clients time out while the service goes on writing, and not over one standstill alone',
      necessary: true,
      observe: worksOn,
    },
    {
      statement: 'goodput falls while throughput stays: most of what is written answers nobody',
      necessary: false,
      observe: goodputFalls,
    },
    {
      statement: 'the overload stays although fewer events arrive than are written',
      necessary: false,
      observe: overloadStays,
    },
  ],
}

function keyOf(attempt: { client: string; firstEvent: number; attempt: number }): string {
  return `${attempt.client}/${attempt.firstEvent}/${attempt.attempt}`
}

/** Two probes running: one alone may fall between a client's leaving and the service's noticing it. */
function worksInVain(evidence: Evidence): Observed {
  const window = watched(evidence)
  if (!('untilMs' in window)) return window
  if (writeAttempts(evidence).length === 0) return notMeasurable('no attempt on record')
  const first = failedAttempts(evidence, ['timeout'])[0]
  if (!first) return absent('no client gave up')

  const shares = abandoned(evidence, window.untilMs)
  const fewest = Math.max(fewestInVain, clientShare * loadClients(evidence).length)
  const isMany = (one: (typeof shares)[number] | undefined) => {
    return one !== undefined && one.share >= abandonedShare && one.without >= fewest
  }
  const stormy = shares.filter((one, index) => isMany(one) && (isMany(shares[index - 1]) || isMany(shares[index + 1])))
  if (stormy.length > 0) {
    const worst = stormy.reduce((a, b) => (b.without > a.without ? b : a))
    return seen(`${worst.without} of ${worst.inProgress} requests had no client left`, [worst.ref])
  }
  const covered = points(evidence.service, withoutClient)
  const isCovered = gaps(covered, { fromMs: first.endedMs, toMs: window.untilMs })
    .filter((gap) => gap.toMs - gap.fromMs > longestSilenceMs(evidence))
    .every((gap) => isStandstill(evidence, gap))
  if (shares.length > 0 && isCovered) {
    const most = Math.max(...shares.map((one) => one.share))
    if (most < abandonedShare) return absent(`at most ${percent(most)} of requests had no client left`)
    const without = Math.max(...shares.map((one) => one.without))
    return absent(
      `${without} requests without a client at most, ${without < fewest ? 'stragglers' : 'but not for long'}`,
    )
  }
  return storedInVain(evidence)
}

/**
 * A service that is silent because it stands still works for nobody, and so not in vain. What it does between its waking
 * and its next word is over before anybody could call it a storm.
 */
function isStandstill(evidence: Evidence, gap: Stretch): boolean {
  const ticks = writeTicks(evidence).filter(({ t }) => t >= gap.fromMs + postgresLagMs && t < gap.toMs)
  const woke = ticks.find((tick) => tick.rose)
  return ticks.length > 0 && (!woke || gap.toMs - woke.t <= longestSilenceMs(evidence) / 2)
}

function withoutClient(probe: ServiceProbe): number | null {
  const { requestsInProgress, requestsAwaitingAnswer } = probe
  return requestsInProgress === null || requestsAwaitingAnswer === null
    ? null
    : requestsInProgress - requestsAwaitingAnswer
}

function abandoned(evidence: Evidence, untilMs: number) {
  return evidence.service.flatMap((probe) => {
    const without = withoutClient(probe)
    if (without === null || probe.t < 0 || probe.t > untilMs) return []
    const inProgress = probe.requestsInProgress ?? 0
    return [{ ref: probe.ref, inProgress, without, share: inProgress > 0 ? without / inProgress : 0 }]
  })
}

/** What a service that publishes nothing leaves behind: rows whose senders never heard of them. */
function storedInVain(evidence: Evidence): Observed {
  if (!evidence.stored) return notMeasurable('neither requests in progress nor the stored events are on record')
  const { stored } = evidence
  const attempts = writeAttempts(evidence)
  const ledger = createEventLedger()
  for (const attempt of attempts) ledger.mark(attempt, attempt.outcome === 'ok' ? acknowledged : sent)
  let events = 0
  let inVain = 0
  ledger.forEach((marks, client, event) => {
    const copies = stored.get(client)?.[event] ?? 0
    events++
    if (copies > 1 || (copies === 1 && (marks & acknowledged) === 0)) inVain++
  })
  const because = `${inVain} of ${events} events stored in vain`
  return inVain >= Math.max(fewestInVain, inVainShare * events) ? seen(because) : absent(because)
}

const sent = 1
const acknowledged = 2

function worksOn(evidence: Evidence): Observed {
  const window = watched(evidence)
  if (!('untilMs' in window)) return window
  if (writeAttempts(evidence).length === 0) return notMeasurable('no attempt on record')
  const timeout = failedAttempts(evidence, ['timeout'])[0]
  if (!timeout) return absent('no request timed out')
  const since = { fromMs: timeout.endedMs, toMs: window.untilMs }
  const writes = writesWithin(evidence, since)
  if (!writes.first) {
    return writes.isCovered
      ? absent(`nothing written after the first timeout at ${formatAt(timeout.endedMs)}`, [timeout.ref])
      : notMeasurable('no readings of writes after the first timeout')
  }
  const stall = progress(evidence)?.stall
  if (stall && isAllOf(stall, evidence)) {
    return absent(`all who gave up had waited over the standstill ${span(stall.fromMs, stall.toMs)}`, stall.refs)
  }
  const [written, sent] = [eventsWritten(evidence, since), countDistinct(writeAttempts(evidence))]
  if (written !== null && written < inVainShare * sent) {
    return absent(`${written} of ${sent} events written after the first timeout`, [timeout.ref])
  }
  return seen(`writes went on at ${formatAt(writes.first.t)}`, [timeout.ref, writes.first.ref])
}

/** By the service's own count or by PostgreSQL's, whichever says more: either may fall silent. `null`: nobody counted. */
function eventsWritten(evidence: Evidence, { fromMs, toMs }: Stretch): number | null {
  const counts = [
    points(evidence.service, (probe) => probe.eventsWritten, fromMs, toMs),
    points(evidence.postgres, (probe) => probe.rowsInserted, fromMs, toMs + postgresLagMs),
  ]
  const rises = counts.flatMap((series) => {
    const [first, last] = [series[0], series.at(-1)]
    return first && last && first !== last ? [last.value - first.value] : []
  })
  return rises.length === 0 ? null : Math.max(...rises)
}

/** Whether every request that timed out was open during the standstill, or sent when its backlog was fresh. */
function isAllOf(stall: Stretch, evidence: Evidence): boolean {
  const freshUntilMs = stall.toMs + evidence.client.timeoutMs
  return failedAttempts(evidence, ['timeout']).every((attempt) => {
    return attempt.endedMs >= stall.fromMs && attempt.startedMs <= freshUntilMs
  })
}

function goodputFalls(evidence: Evidence): Observed {
  const window = watched(evidence)
  if (!('untilMs' in window)) return window
  const first = failedAttempts(evidence, ['timeout'])[0]
  if (!first) return absent('no request timed out')
  const written = points(evidence.service, (probe) => probe.eventsWritten, first.endedMs, window.untilMs)
  const [from, to] = [written[0], written.at(-1)]
  if (!from || !to || to.value <= from.value)
    return notMeasurable('no readings of events written after the first timeout')
  const acknowledged = writeAttempts(evidence)
    .filter((attempt) => attempt.outcome === 'ok' && attempt.endedMs > from.t && attempt.endedMs <= to.t)
    .reduce((sum, attempt) => sum + attempt.events, 0)
  const because = `${acknowledged} of ${to.value - from.value} events written were acknowledged`
  return acknowledged < (to.value - from.value) / 2
    ? seen(because, [from.ref, to.ref])
    : absent(because, [from.ref, to.ref])
}

function overloadStays(evidence: Evidence): Observed {
  const window = watched(evidence)
  if (!('untilMs' in window)) return window
  const first = failedAttempts(evidence, ['timeout'])[0]
  if (!first) return absent('no request timed out')
  const probes = evidence.service.filter((probe) => probe.t >= first.endedMs && probe.t <= window.untilMs)
  const complete = probes.filter((probe) => probe.eventsPending !== null && probe.eventsWritten !== null)
  const [from, to] = [complete[0], complete.at(-1)]
  if (!from || !to || to.t <= from.t) return notMeasurable('no readings of the backlog after the first timeout')
  const written = (to.eventsWritten ?? 0) - (from.eventsWritten ?? 0)
  const arrived = writeAttempts(evidence)
    .filter((attempt) => attempt.attempt === 1 && attempt.startedMs > from.t && attempt.startedMs <= to.t)
    .reduce((sum, attempt) => sum + attempt.events, 0)
  const because = `${from.eventsPending} pending at ${formatAt(from.t)}, ${to.eventsPending} at ${formatAt(to.t)}; ${arrived} new, ${written} written`
  const stays = arrived < written && (to.eventsPending ?? 0) >= (from.eventsPending ?? 0)
  return stays ? seen(because, [from.ref, to.ref]) : absent(because, [from.ref, to.ref])
}
