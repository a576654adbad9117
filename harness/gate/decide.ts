import {
  type Decision,
  type GateAnswer,
  type Limit,
  type Measured,
  type MetricResult,
  type Pair,
  type Threshold,
  type ThresholdResult,
  worst,
} from '../gate-result.ts'
import { countBreakdowns, judgeBreakdowns } from './breakdowns.ts'
import { locate, signedRank } from './signed-rank.ts'
import { excuseByBaseline, judgeThreshold } from './thresholds.ts'

/**
 * The numbers of pairs at which the gate looks whether it can decide. Looking often and stopping when it suits finds a
 * difference where there is none, so the looks are fixed and share the error that is allowed. With ranks, all of 8
 * pairs within a limit are the fewest that can pass, and all of 12 beyond it the fewest that can fail, or of nine or ten where no more come.
 */
export const looks = [8, 12, 16, 21] as const
/**
 * How often the same thing against itself may fail, over all metrics: of each look, 1 % in all. The first one cannot find a
 * failure at all, and the last one has the most to find it by.
 */
const falseAlarms = [0, 0.002, 0.003, 0.005]
/** How often what is at its limit may pass, over all looks. A pass needs every metric, so metrics need no share. */
const falsePass = 0.04
/** Of the pairs: more left out than this, and what is left is no fair sample. */
const mostLeftOut = 0.25

/** What may be spent of false alarms after so many pairs; at the end, all that no later look will need. */
function falseAlarmAfter(pairs: number, isLast: boolean): number {
  const look = looks.findIndex((at) => pairs <= at)
  const shares = look < 0 ? falseAlarms.slice(-1) : falseAlarms.slice(look, isLast ? undefined : look + 1)
  return shares.reduce((sum, share) => sum + share, 0)
}

/** The fewest pairs in which a change can fail at all, however large it is, among so many limits. */
export function fewestThatFail(limits: number): number {
  let pairs = 1
  while (limits * 0.5 ** pairs > falseAlarmAfter(pairs, true)) pairs++
  return pairs
}

/**
 * What the pairs show, at one look. Effects are the middle of the pairs' log ratios: what both runs of a pair share (the
 * machine's hour) cancels out, and one percentile of each run is one value, so that runs and not requests are counted.
 *
 * @param isLast whether there will be no more pairs, which has nothing to do with what these show
 */
export function decide(
  pairs: readonly Pair[],
  limits: readonly Limit[],
  absolute: readonly Threshold[] = [],
  isLast = false,
): Decision {
  const seen = pairs.filter(({ baseline, candidate }) => isSeen(baseline) && isSeen(candidate))
  const usable = seen.filter(({ baseline, candidate }) => !baseline.unusable && !candidate.unusable)
  const leftOut = pairs.length - usable.length
  const tests = limits.map((limit) => test(limit, usable))
  const falseAlarm = falseAlarmAfter(pairs.length, isLast)
  const breakdowns = countBreakdowns(seen)
  // What so few of them cannot fail, whosever they are, has no part in the correction (Tarone).
  const couldBreak = breakdowns.least <= falseAlarm
  const failing = holm([...tests, ...(couldBreak ? [breakdowns] : [])].map(({ pFail }) => pFail))
  // Nor have limits, where too few pairs are left for any of them.
  const broke = usable.length < looks[0] ? breakdowns.pFail : (failing[tests.length] ?? 1)
  const metrics = tests.map((tested, index): MetricResult => {
    const { limit, effect } = tested
    if ((failing[index] ?? 1) <= falseAlarm) {
      return { limit, effect, answer: 'fail', because: tested.worse }
    }
    if (tested.pPass <= falsePass / looks.length) return { limit, effect, answer: 'pass', because: tested.within }
    return { limit, effect, answer: 'unknown', because: tested.open }
  })

  const crashes = (side: 'baseline' | 'candidate') => usable.filter((pair) => pair[side].crashed).length
  const because: string[] = []
  const ofRuns: GateAnswer[] = []
  if (crashes('candidate') > 0 && crashes('baseline') === 0) {
    because.push(`the candidate crashed in ${crashes('candidate')} of ${usable.length} runs, the baseline in none`)
    ofRuns.push('fail')
  } else if (crashes('baseline') > 0) {
    because.push(`the baseline crashed in ${crashes('baseline')} of ${usable.length} runs: nothing to compare with`)
    ofRuns.push('unknown')
  }
  const broken = judgeBreakdowns(breakdowns, broke <= falseAlarm)
  if (broken) {
    because.push(broken.because)
    ofRuns.push(broken.answer)
  }
  if (leftOut > 0) {
    const first = pairs.map(({ baseline, candidate }) => baseline.unusable ?? candidate.unusable).find(Boolean)
    because.push(`${leftOut} of ${pairs.length} pairs were left out, the first one because: ${first}`)
  }
  // Those that were left out may be the slow ones: too many of them, and nothing may pass.
  if (leftOut > mostLeftOut * pairs.length) ofRuns.push('unknown')
  if (usable.length === 0) ofRuns.push('unknown')
  const runs = ofRuns.length === 0 ? 'pass' : worst(ofRuns)
  const isOver = isLast || pairs.length >= Math.max(...looks)
  const thresholds = absolute.map((threshold, index): ThresholdResult => {
    // Of a run that crashed or broke down there may be nothing to read: that is judged as such, beside the baseline's.
    const readingsOf = (side: 'baseline' | 'candidate') =>
      seen.flatMap(({ [side]: { brokeDown, crashed, readings } }) => {
        const reading = readings?.[index] ?? null
        return (brokeDown || crashed) && reading === null ? [] : [reading]
      })
    const readings = readingsOf('candidate')
    if (readings.length < looks[0]) return { text: threshold.text, answer: 'unknown', because: 'too few pairs' }
    const judged = judgeThreshold(threshold, readings, isOver ? null : falseAlarm)
    return excuseByBaseline(threshold, judged, readingsOf('baseline'))
  })
  const answer = worst([...[...metrics, ...thresholds].map((one) => one.answer), runs])
  return { answer, pairs: usable.length, leftOut, metrics, thresholds, runs, because }
}

/**
 * Takes pairs up to each look, until one decides or there are no more. What was not reached is looked at all the same, as the
 * last look; no more looks are made than were paid for.
 *
 * @param next the pair of this index, on the way to a look; `null`: there is none
 */
export async function takeLooks(
  next: (index: number, look: number) => Promise<Pair | null>,
  limits: readonly Limit[],
  thresholds: readonly Threshold[],
): Promise<{ decision: Decision; pairs: Pair[] }> {
  const pairs: Pair[] = []
  let decision = decide(pairs, limits, thresholds)
  for (const look of looks) {
    while (pairs.length < look) {
      const pair = await next(pairs.length, look)
      if (pair === null) break
      pairs.push(pair)
    }
    const isLast = pairs.length < look
    decision = decide(pairs, limits, thresholds, isLast)
    if (decision.answer !== 'unknown' || isLast) break
  }
  return { decision, pairs }
}

/** Whether a run shows what the service does: all but what the instrument kept from being seen. */
function isSeen({ unusable, brokeDown }: Measured): boolean {
  return unusable === null || brokeDown === true
}

interface Tested extends Pick<MetricResult, 'limit' | 'effect'> {
  /** How likely this, or worse, is seen where the limit is kept; where it is not. 1: nothing is known. */
  readonly pFail: number
  readonly pPass: number
  readonly worse: string
  readonly within: string
  readonly open: string
}

function test(limit: Limit, pairs: readonly Pair[]): Tested {
  const none = { limit, effect: null, pFail: 1, pPass: 1, worse: '', within: '' }
  if (limit.kind === 'at most') {
    const counts = pairs.map(({ candidate }) => candidate.values[limit.metric] ?? null)
    const most = Math.max(0, ...counts.map((count) => count ?? 0))
    if (most > limit.count) return { ...none, pFail: 0, worse: `${most} in one run`, open: '' }
    const isKnown = pairs.length >= looks[0] && !counts.includes(null)
    if (!isKnown) return { ...none, open: counts.includes(null) ? 'not measured in every run' : 'too few pairs' }
    return { ...none, pPass: 0, within: `at most ${most} in each of ${pairs.length} runs`, open: '' }
  }
  // Turned round where less is worse, so that larger is worse for every metric.
  const sign = limit.share < 0 ? -1 : 1
  const ratios = pairs.flatMap(({ baseline, candidate }) => {
    const [before, after] = [baseline.values[limit.metric], candidate.values[limit.metric]]
    return before && after ? [sign * Math.log(after / before)] : []
  })
  if (ratios.length < pairs.length) return { ...none, open: 'not measured in every run' }
  if (ratios.length < looks[0]) return { ...none, open: `too few pairs: ${ratios.length} of at least ${looks[0]}` }
  const mu = sign * Math.log(1 + limit.share)
  const likely = signedRank(ratios, mu)
  const { middle, low, high } = locate(ratios, falsePass / looks.length)
  const [ratio, one, other] = [middle, low, high].map((log) => Math.exp(sign * log)) as [number, number, number]
  return {
    limit,
    effect: { ratio, low: Math.min(one, other), high: Math.max(one, other) },
    pFail: likely.greater,
    pPass: likely.less,
    worse: 'beyond its limit',
    within: 'within its limit',
    open:
      low > mu
        ? `beyond its limit as far as ${ratios.length} pairs tell: more pairs`
        : 'the interval holds the limit: more pairs, or a quieter machine',
  }
}

/** Holm's correction: each p-value as if it were the only one. */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p)
  const adjusted: number[] = []
  let highest = 0
  for (const [rank, { p, index }] of order.entries()) {
    highest = Math.max(highest, Math.min(1, p * (order.length - rank)))
    adjusted[index] = highest
  }
  return adjusted
}
