import type { Evidence, Recorded } from '../evidence.ts'
import type { Hypothesis } from '../hypothesis.ts'
import { failedAttempts } from '../measure.ts'
import type { PathProbe } from '../sample.ts'
import { formatAt } from '../units.ts'
import type { Observed } from '../verdict.ts'
import { absent, notMeasurable, seen, seenSince, span, watched } from './observe.ts'

/** Fewer in a row may be a packet's bad luck, or a service that ends between the two questions. */
const fewestInARow = 3
/** Two questions that were asked together. */
const togetherMs = 100
/** A death is noticed a little later than its clients notice it. */
const dyingMs = 1_000

export const portForwarder: Hypothesis = {
  name: 'port-forwarder',
  label: 'port forwarder',
  role: 'trigger',
  claim: "The engine's port forwarding failed: the published port did not answer while the service itself did.",
  phrase: "the engine's port forwarding, which failed while the service answered",
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
        const first = failedAttempts(evidence, ['reset', 'refused', 'connect-timeout', 'timeout'])[0]
        if (first) return seen(`the first request failed at ${formatAt(first.endedMs)}`, [first.ref])
        const window = watched(evidence)
        return 'untilMs' in window ? absent('no request failed on the way') : window
      },
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
  // Of a service that is dead, the forwarding's own errors are a consequence.
  const untilMs = evidence.exit ? evidence.exit.t - dyingMs : window.untilMs
  const pairs = pairsOf(evidence.paths).filter(({ published }) => published.t >= 0 && published.t <= untilMs)
  let row: Both[] = []
  for (const pair of pairs) {
    row = pair.published.status === null && pair.direct.status !== null ? [...row, pair] : []
    const [first] = row
    if (first && row.length === fewestInARow) {
      const because = `published failed, direct answered ${span(first.published.t, pair.published.t)}`
      return seenSince(first.published.t, because, [first.published.ref, first.direct.ref])
    }
  }
  const last = pairs.at(-1)
  if (!last) return notMeasurable('the two ways were not asked at once while the service lived')
  return absent(`both ways answered or failed alike, ${pairs.length} times`, [last.published.ref, last.direct.ref])
}

/** The answers by both ways to questions that were asked at the same moment. */
function pairsOf(paths: readonly Recorded<PathProbe>[]): Both[] {
  const askedMs = ({ t, tookMs }: PathProbe) => t - tookMs
  const direct = paths.filter((one) => one.path === 'direct')
  return paths
    .filter((one) => one.path === 'published')
    .toSorted((a, b) => askedMs(a) - askedMs(b))
    .flatMap((published) => {
      const other = direct.find((one) => Math.abs(askedMs(one) - askedMs(published)) <= togetherMs)
      return other ? [{ published, direct: other }] : []
    })
}
