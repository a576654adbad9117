import { exitCodes } from '../errors.ts'
import type { Manifest } from '../record.ts'
import type { ChainLink, Finding, Verdict } from '../verdict.ts'

interface Judged {
  readonly outcome: Verdict['outcome']
  readonly chain: readonly ChainLink[]
  readonly findings: readonly Finding[]
  /** A limit that was asked for and was not in force, in words. */
  readonly notInForce?: string | null
  readonly limiter?: Verdict['memory']['limiter']
}

/** Holds what a run was expected to show against what it showed. `held` is `null` where that is not known. */
export function judgeExpectation(
  { expectation, from }: Manifest['expect'],
  { outcome, chain, findings, notInForce, limiter }: Judged,
): Verdict['expectation'] {
  const cause = findings.find((finding) => finding.hypothesis === expectation)
  const [held, why] = judge()
  const exitCode = held === null ? exitCodes.notKnown : held ? exitCodes.held : exitCodes.notHeld
  const verb = held === null ? 'not known' : held ? 'it held' : 'it did not hold'
  const sentence = `expected ${inWords(expectation, cause)}: ${verb}${why ? `, ${why}` : ''} (exit ${exitCode})`
  return { expected: expectation, from, held, exitCode, sentence }

  function judge(): [boolean | null, string?] {
    const saturated = findings.some((one) => one.role === 'instrument' && one.answer === 'supported')
    if (saturated) return [null, 'the load generator was saturated']
    if (outcome === 'unknown') return [null, 'the run does not say whether DataStorage survived']
    // A claim is about the limits that it names: without them neither a crash nor a survival speaks for or against it.
    if (notInForce && expectation !== 'any') return [null, notInForce]
    const happened = outcome === 'crashed' ? 'DataStorage crashed' : 'DataStorage survived'
    switch (expectation) {
      case 'crash':
        return outcome === 'crashed' ? [true, byWhat()] : [false, happened]
      case 'survive':
        return outcome === 'survived' ? [true] : [false, happened]
      case 'any': {
        const isExplained = outcome === 'survived' || chain.some((link) => link.role === 'death' && !link.part)
        return isExplained ? [true, happened] : [null, `${happened}, and what ended it is not known`]
      }
      default:
        return judgeCause()
    }
  }

  /** What a user-space limit did is never told as the kernel's deed. */
  function byWhat(): string | undefined {
    const isMemoryDeath = chain.some((link) => link.hypothesis === 'memory-limit')
    return limiter === 'watchdog' && isMemoryDeath ? 'by a user-space watchdog, not a kernel limit' : undefined
  }

  function judgeCause(): [boolean | null, string?] {
    if (!cause) return [null, 'there is no such hypothesis']
    if (chain.some((link) => link.hypothesis === cause.hypothesis)) return [true, byWhat()]
    return cause.answer === 'inconclusive' ? [null, cause.because] : [false, `${cause.answer}: ${cause.because}`]
  }
}

function inWords(expectation: string, cause: Finding | undefined): string {
  if (expectation === 'crash') return 'a crash'
  if (expectation === 'survive') return 'survival'
  if (expectation === 'any') return 'a verdict, whichever'
  if (!cause) return JSON.stringify(expectation)
  return cause.role === 'death' ? `a crash by the ${cause.label}` : `the cause ${cause.label}`
}
