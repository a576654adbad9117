import type { Evidence } from '../evidence.ts'
import { type Hypothesis, inViewOf, type Prediction } from '../hypothesis.ts'
import { fate, loadClients, writeAttempts } from '../measure.ts'
import type { Answer, Finding, Observation } from '../verdict.ts'

/** What fits beside label and answer on a terminal line. */
const becauseLength = 64

/**
 * Holds one hypothesis against the evidence: refuted by a necessary prediction that is absent, supported when all
 * necessary ones are seen, else inconclusive.
 */
export function find(general: Hypothesis, evidence: Evidence): Finding {
  const hypothesis = inViewOf(general, evidence)
  const observations = hypothesis.predictions.map((prediction) => observe(prediction, evidence))
  const necessary = observations.filter((observation) => observation.necessary)
  const of = (result: Observation['result']) => necessary.filter((observation) => observation.result === result)

  const notExercised = hypothesis.notExercised?.(evidence)
  if (notExercised) return finding(hypothesis, 'not exercised', notExercised, observations)
  if (isNotExercised(hypothesis, evidence)) {
    return finding(hypothesis, 'not exercised', 'no load was sent', observations)
  }
  if (of('absent').length > 0) return finding(hypothesis, 'refuted', join(of('absent')), observations)
  if (of('not measurable').length > 0 || necessary.length === 0) {
    return finding(hypothesis, 'inconclusive', join(of('not measurable')), observations)
  }
  return finding(hypothesis, 'supported', join(necessary), observations)
}

/** The same finding, taken back because the run as a whole cannot be trusted. */
export function withhold(taken: Finding, reason: string): Finding {
  return { ...taken, answer: 'inconclusive', because: reason }
}

function observe(prediction: Prediction, evidence: Evidence): Observation {
  const { statement, necessary } = prediction
  try {
    return { prediction: statement, necessary, ...prediction.observe(evidence) }
  } catch (error) {
    // One broken rule must not cost the verdict of all others, and an error is never an answer.
    const message = error instanceof Error ? error.message : String(error)
    const because = `this prediction could not be checked: ${message}`
    return { prediction: statement, necessary, result: 'not measurable', because, refs: [] }
  }
}

/** Nothing was sent, and that is a fact of the record rather than a gap in it. A death asks for its cause all the same. */
function isNotExercised(hypothesis: Hypothesis, evidence: Evidence): boolean {
  if (hypothesis.role === 'death' && fate(evidence) !== 'alive') return false
  const isNothingSent = writeAttempts(evidence).length === 0 && evidence.drops.length === 0
  const clients = loadClients(evidence)
  return isNothingSent && clients.length > 0 && clients.every((one) => one.emitted === one.unfinished)
}

function finding(hypothesis: Hypothesis, answer: Answer, because: string, observations: Observation[]): Finding {
  const { name, label, role, claim, part } = hypothesis
  return { hypothesis: name, label, role, claim, answer, because, observations, ...(part && { part }) }
}

/** The first fact, and those after it that still fit. */
function join(observations: readonly Observation[]): string {
  const facts = [...new Set(observations.map((observation) => observation.because))]
  let line = facts[0] ?? 'it makes no prediction that could fail'
  for (const fact of facts.slice(1)) {
    if (`${line}; ${fact}`.length <= becauseLength) line = `${line}; ${fact}`
  }
  return line
}
