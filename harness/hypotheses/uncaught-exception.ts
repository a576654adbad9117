import type { Hypothesis } from '../hypothesis.ts'
import { absent, notMeasurable, seen, unlessDied } from './observe.ts'
import { describeExit } from './process-exit.ts'

/** Node's, Go's and Java's ways to begin or continue a stack. */
const stackLine = /^\s+at \S|^panic: |^goroutine \d+ \[|^Exception in thread|Uncaught|Unhandled/

export const uncaughtException: Hypothesis = {
  name: 'uncaught-exception',
  label: 'uncaught exception',
  role: 'death',
  claim: 'The service ended itself on an error that it did not catch.',
  phrase: 'DataStorage ended itself on an error that it did not catch',
  predictions: [
    {
      statement: 'the main process ended by itself, with an error code (1 in Node, 2 in Go)',
      necessary: true,
      observe(evidence) {
        const notDied = unlessDied(evidence)
        if (notDied || !evidence.exit) return notDied ?? notMeasurable('no exit on record')
        const { kind, because } = describeExit(evidence.exit)
        if (kind === 'unknown') return notMeasurable(because)
        return kind === 'error' ? seen(because, [evidence.exit.ref]) : absent(because, [evidence.exit.ref])
      },
    },
    {
      // Not necessary: a service's log may be scrubbed, or go elsewhere.
      statement: 'a stack on stderr as it ended',
      necessary: false,
      observe(evidence) {
        const line = evidence.stderr.find((candidate) => candidate.t >= 0 && stackLine.test(candidate.line))
        if (line) return seen('a stack on stderr', [line.ref])
        return evidence.stderr.length > 0 ? absent('no stack on stderr') : notMeasurable('nothing on stderr')
      },
    },
  ],
}
