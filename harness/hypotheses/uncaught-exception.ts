import type { Evidence } from '../evidence.ts'
import type { Hypothesis } from '../hypothesis.ts'
import { gentlerPace, moreMemory } from '../perturbation.ts'
import { describeAsking, engineWord } from './engine-word.ts'
import { absent, notMeasurable, ofDeath, seen } from './observe.ts'
import { describeExit } from './process-exit.ts'

/** Node's, Go's and Java's ways to begin or continue a stack. */
const stackLine = /^\s+at \S|^panic: |^goroutine \d+ \[|^Exception in thread|Uncaught|Unhandled/
/** What a runtime writes itself, and only as it ends on an error nobody caught; a logged error has a stack too. */
const lastWords = /^Node\.js v\d|^panic: |^Exception in thread|Uncaught|Unhandled/
/** An error is written just before the process ends: what came earlier was caught, or another's. */
const lastWordsMs = 1_000

export const uncaughtException: Hypothesis = {
  name: 'uncaught-exception',
  label: 'uncaught exception',
  role: 'death',
  claim: 'The service ended itself by a non-zero exit code, as Node (1) and Go (2) do after an error nobody caught.',
  phrase: 'DataStorage ended itself with a non-zero exit code',
  perturbations: [
    { expected: 'alike', ...gentlerPace },
    { expected: 'alike', ...moreMemory },
  ],
  predictions: [
    {
      statement: 'the main process ended by itself, with an error code (1 in Node, 2 in Go)',
      necessary: true,
      observe: ofDeath((exit, evidence) => {
        const { kind, because } = describeExit(exit)
        if (kind === 'unknown') return notMeasurable(because)
        if (kind !== 'error') return absent(because, [exit.ref])
        const lastWord = lastLine(evidence, lastWords)
        if (lastWord) return seen(`${because}, after an uncaught exception`, [exit.ref, lastWord.ref])
        const word = engineWord(evidence)
        // Some services end like this when they are asked to end.
        return word.kind === 'asked'
          ? notMeasurable(`${because}, and ${describeAsking(word)}`)
          : seen(because, [exit.ref])
      }),
    },
    {
      // Not necessary: a service's log may be scrubbed, or go elsewhere.
      statement: 'a stack on stderr as it ended',
      necessary: false,
      observe(evidence) {
        const line = lastLine(evidence, stackLine)
        if (line) return seen('a stack on stderr', [line.ref])
        return evidence.stderr.length > 0
          ? absent('no stack on stderr as it ended')
          : notMeasurable('nothing on stderr')
      },
    },
  ],
}

function lastLine({ exit, stderr }: Evidence, pattern: RegExp) {
  return exit ? stderr.find(({ t, line }) => t >= exit.t - lastWordsMs && pattern.test(line)) : undefined
}
