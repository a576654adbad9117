import type { Evidence } from '../evidence.ts'
import type { Hypothesis } from '../hypothesis.ts'
import { formatAt } from '../units.ts'
import { isInEngine } from './engine-word.ts'
import { absent, notMeasurable, seenSince } from './observe.ts'

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
