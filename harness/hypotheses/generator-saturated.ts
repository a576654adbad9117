import { quantile } from 'simple-statistics'
import type { Hypothesis } from '../hypothesis.ts'
import { attemptsBeforeFirstError, batchAttempts } from '../measure.ts'
import { formatMs } from '../units.ts'
import { absent, notMeasurable, seen } from './observe.ts'

/** Of the client's timeout: a delay this small cannot turn an answer into a timeout, a larger one may. */
const allowedShare = 0.02
/**
 * A shared machine with two cores has stalls of 20 to 50 ms without being tired (measured: also while the service does
 * nothing), and a burst puts a tenth of its sends into one of them. With timeouts of a second and more, 50 ms decide nothing.
 */
const alwaysAllowedMs = 50
/** Below this many sends a 99th percentile is one send. */
const fewestSends = 20

export const generatorSaturated: Hypothesis = {
  name: 'generator-saturated',
  label: 'generator saturated',
  role: 'instrument',
  claim: 'The load generator itself sent too late, so that what it measured is its own tiredness.',
  phrase: 'a saturated load generator',
  predictions: [
    {
      statement: 'p99 of the send delay before the first error is above 2 % of the client timeout, and above 50 ms',
      necessary: true,
      observe(evidence) {
        if (batchAttempts(evidence).length === 0) return notMeasurable('no attempt on record')
        const attempts = attemptsBeforeFirstError(evidence)
        if (attempts.length < fewestSends) return notMeasurable(`only ${attempts.length} sends before the first error`)
        const delays = attempts.map((attempt) => Math.max(0, attempt.startedMs - attempt.intendedMs))
        const p99Ms = quantile(delays, 0.99)
        const limitMs = Math.max(alwaysAllowedMs, allowedShare * evidence.client.timeoutMs)
        const latest = attempts.reduce((a, b) => (b.startedMs - b.intendedMs > a.startedMs - a.intendedMs ? b : a))
        const because = `send delay p99 ${formatMs(p99Ms)} of ${formatMs(limitMs)} allowed`
        return p99Ms > limitMs ? seen(because, [latest.ref]) : absent(because, [latest.ref])
      },
    },
  ],
}
