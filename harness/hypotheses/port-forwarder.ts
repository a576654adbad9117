import type { Evidence, Recorded } from '../evidence.ts'
import type { Hypothesis } from '../hypothesis.ts'
import { failedAttempts, longestGapMs, longestSilenceMs, type Stretch, writeAttempts } from '../measure.ts'
import type { PathProbe } from '../probe-line.ts'
import { formatAt } from '../units.ts'
import type { Observed } from '../verdict.ts'
import { absent, absentIfWatched, notMeasurable, seen, seenSince, span, watched } from './observe.ts'

/** Fewer in a row may be a packet's bad luck, or a service that ends between the two questions. */
const fewestInARow = 3
/** Two questions that were asked together. */
const togetherMs = 100
/** A death is noticed a little later than its clients notice it. */
const dyingMs = 1_000
/** So long a question stays open at most; those that a death or the end cut off are not on record. */
const patienceMs = 2_000
/**
 * A service that is slow lets one of two questions run out of time and answers the other one a moment earlier. Only an
 * answer in less than this share of the other's time shows that the way made the difference.
 */
const soonerShare = 0.5

export const portForwarder: Hypothesis = {
  name: 'port-forwarder',
  label: 'port forwarder',
  role: 'trigger',
  claim: "The engine's port forwarding failed: the published port did not answer while the service itself did.",
  phrase: "the engine's port forwarding, which failed while the service answered",
  perturbations: { none: 'no knob of a run goes around the published port' },
  predictions: [
    {
      statement: 'the published port fails while the same question is answered at the container, again and again',
      necessary: true,
      observe: publishedFailsAlone,
    },
    {
      statement: 'requests fail at that time',
      necessary: true,
      observe(evidence) {
        if (writeAttempts(evidence).length === 0) return notMeasurable('no attempt on record')
        const alone = failsAlone(evidence)
        const failed = failedAttempts(evidence, ['reset', 'refused', 'connect-timeout', 'timeout'])
        const harmed = alone
          ? failed.filter(({ startedMs, endedMs }) => startedMs <= alone.toMs && endedMs >= alone.fromMs)
          : failed
        const [first] = harmed
        if (first) return seen(`${harmed.length} requests failed from ${formatAt(first.endedMs)} on`, [first.ref])
        return absentIfWatched(evidence, `no request failed on the way${alone ? ' at that time' : ''}`)
      },
    },
    {
      // Adds weight to nothing: it says what the errors after a death are.
      statement: 'it fails before the service has died, and not only since',
      necessary: false,
      observe: notOnlySinceTheDeath,
    },
  ],
  notExercised: ({ paths }) => (paths.length === 0 ? 'only one way to the service was watched' : null),
}

interface Both {
  readonly published: Recorded<PathProbe>
  readonly direct: Recorded<PathProbe>
}

function publishedFailsAlone(evidence: Evidence): Observed {
  const window = watched(evidence)
  if (!('untilMs' in window)) return window
  const alone = failsAlone(evidence)
  if (alone) {
    return seenSince(alone.fromMs, `published failed, direct answered ${span(alone.fromMs, alone.toMs)}`, alone.refs)
  }
  const { pairs, untilMs } = whileAlive(evidence, window.untilMs)
  const last = pairs.at(-1)
  if (!last) return notMeasurable('the two ways were not asked at once while the service lived')
  const asked = pairs.map(({ published }) => ({ t: askedMs(published), value: 0, ref: published.ref }))
  const firstMs = writeAttempts(evidence).reduce((first, { startedMs }) => Math.min(first, startedMs), untilMs)
  if (longestGapMs(asked, { fromMs: firstMs, toMs: untilMs }) > longestSilenceMs(evidence) + patienceMs) {
    return notMeasurable('the two ways were not asked throughout')
  }
  return absent(`both ways answered or failed alike, ${pairs.length} times`, [last.published.ref, last.direct.ref])
}

/** The first stretch in which the published port failed alone. */
function failsAlone(evidence: Evidence): (Stretch & { readonly refs: readonly string[] }) | null {
  const window = watched(evidence)
  if (!('untilMs' in window)) return null
  let row: Both[] = []
  for (const pair of [...whileAlive(evidence, window.untilMs).pairs, null]) {
    if (pair && isPublishedAlone(pair)) {
      row.push(pair)
      continue
    }
    const [first, last] = [row[0], row.at(-1)]
    if (first && last && row.length >= fewestInARow) {
      const refs = [first.published.ref, first.direct.ref]
      return { fromMs: first.published.t, toMs: last.published.t, refs }
    }
    row = []
  }
  return null
}

function isPublishedAlone({ published, direct }: Both): boolean {
  if (published.status !== null || direct.status === null) return false
  return published.failure?.errorClass !== 'timeout' || direct.tookMs < soonerShare * published.tookMs
}

/** Of a service that is dead, the forwarding's own errors are a consequence. */
function whileAlive(evidence: Evidence, endMs: number): { readonly pairs: Both[]; readonly untilMs: number } {
  const untilMs = evidence.exit ? evidence.exit.t - dyingMs : endMs
  const pairs = pairsOf(evidence.paths).filter(({ published }) => published.t >= 0 && published.t <= untilMs)
  return { pairs, untilMs }
}

function notOnlySinceTheDeath(evidence: Evidence): Observed {
  const { exit } = evidence
  if (!exit) return notMeasurable('no death to compare with')
  if (failsAlone(evidence)) return seen('it failed before the death', [exit.ref])
  const hungUp = pairsOf(evidence.paths).find(({ published, direct }) => {
    return published.t > exit.t && published.failure?.errorClass === 'reset' && direct.status === null
  })
  return hungUp
    ? absent('since the death the published port hangs up and the container does not answer: a consequence of it', [
        hungUp.published.ref,
        hungUp.direct.ref,
      ])
    : absent('it did not fail alone', [exit.ref])
}

function askedMs({ t, tookMs }: PathProbe): number {
  return t - tookMs
}

/** The answers by both ways to questions that were asked at the same moment. */
function pairsOf(paths: readonly Recorded<PathProbe>[]): Both[] {
  const direct = paths.filter((one) => one.path === 'direct')
  return paths
    .filter((one) => one.path === 'published')
    .toSorted((a, b) => askedMs(a) - askedMs(b))
    .flatMap((published) => {
      const other = direct.find((one) => Math.abs(askedMs(one) - askedMs(published)) <= togetherMs)
      return other ? [{ published, direct: other }] : []
    })
}
