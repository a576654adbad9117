import type { Evidence } from '../evidence.ts'
import type { Hypothesis } from '../hypothesis.ts'
import { failedAttempts, writeAttempts } from '../measure.ts'
import { formatAt } from '../units.ts'
import { isInEngine } from './engine-word.ts'
import { absent, absentIfWatched, notMeasurable, seen, seenSince } from './observe.ts'

export const outsidePause: Hypothesis = {
  name: 'outside-pause',
  label: 'outside pause',
  role: 'trigger',
  claim: 'Somebody outside paused the service: it lived, and did nothing.',
  phrase: 'a pause from outside',
  perturbations: { none: 'no knob of a run keeps others from pausing it' },
  predictions: [
    {
      statement: 'the engine tells that the container was paused',
      necessary: true,
      observe(evidence) {
        const { engine, end } = evidence
        const pause = engine.find((event) => isOf(event, 'pause'))
        if (pause) return seenSince(pause.engineMs, `paused at ${formatAt(pause.engineMs)}`, [pause.ref])
        if (engine.length === 0) return notMeasurable("none of the engine's events is on record")
        return end ? absent('the engine paused nobody') : notMeasurable('the record has no end')
      },
    },
    {
      statement: 'requests that were open at that time fail',
      necessary: true,
      observe(evidence) {
        if (writeAttempts(evidence).length === 0) return notMeasurable('no attempt on record')
        const own = evidence.engine.filter((event) => isOf(event, 'pause') || isOf(event, 'unpause'))
        const fromMs = own[0]?.engineMs ?? 0
        const toMs = own.findLast(({ action }) => action === 'unpause')?.engineMs ?? Number.POSITIVE_INFINITY
        const failed = failedAttempts(evidence, ['timeout', 'connect-timeout', 'reset', 'refused', '5xx'])
        const first = failed.find(({ startedMs, endedMs }) => startedMs <= toMs && endedMs >= fromMs)
        return first
          ? seen(`the first request failed at ${formatAt(first.endedMs)}`, [first.ref])
          : absentIfWatched(evidence, 'no request failed')
      },
    },
  ],
  notExercised: (evidence) => (isInEngine(evidence) ? null : 'no container engine of ours ran it'),
}

function isOf({ part, action, engineMs }: Evidence['engine'][number], what: string): boolean {
  return part === 'datastorage' && action === what && engineMs >= 0
}
