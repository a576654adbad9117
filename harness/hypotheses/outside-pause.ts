import type { Evidence } from '../evidence.ts'
import type { Hypothesis } from '../hypothesis.ts'
import type { Stretch } from '../measure.ts'
import { formatAt } from '../units.ts'
import { absent, notMeasurable, seenSince } from './observe.ts'
import { isInEngine } from './engine-word.ts'

export const outsidePause: Hypothesis = {
  name: 'outside-pause',
  label: 'outside pause',
  role: 'trigger',
  claim: 'Somebody outside paused the service: it lived, and did nothing.',
  phrase: 'a pause from outside',
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
  ],
  notExercised: (evidence) => (isInEngine(evidence) ? null : 'no container engine ran it'),
}

function isOf({ part, action, engineMs }: Evidence['engine'][number], what: string): boolean {
  return part === 'datastorage' && action === what && engineMs >= 0
}

/** When the engine kept the service from running. */
export function pauses({ engine, end }: Evidence): Stretch[] {
  return engine
    .filter((event) => isOf(event, 'pause'))
    .map(({ engineMs: fromMs }) => {
      const over = engine.find((event) => isOf(event, 'unpause') && event.engineMs > fromMs)
      return { fromMs, toMs: over?.engineMs ?? end?.t ?? Number.POSITIVE_INFINITY }
    })
}
