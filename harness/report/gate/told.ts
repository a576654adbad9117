import type { GateResult } from '../../gate-result.ts'
import { fromHere } from '../terminal.ts'
import { renderGate } from './table.ts'
import { answerOf } from './words.ts'

interface Told {
  /** Of those scenarios that are finished. */
  readonly results: readonly GateResult[]
  /** Where the page is. */
  readonly page: string
  /** What became of the stored baselines, in lines. */
  readonly updated: readonly string[]
}

/** What the command prints at its end; as JSON, nothing less than as text. `scenarios`: all that were asked for. */
export function tellGate(
  { results, page, updated }: Told,
  { scenarios, isJson }: { readonly scenarios: readonly string[]; readonly isJson: boolean },
): string {
  const unfinished = scenarios.slice(results.length)
  if (isJson) {
    const answer = answerOf({ results, scenarios })
    return `${JSON.stringify({ answer, results, unfinished, updated, page }, null, 2)}\n`
  }
  const open = unfinished.map((name) => `\n${name}: not finished\n`)
  return `${[renderGate(results), ...open, ...updated, `page: ${fromHere(page)}`].join('\n')}\n`
}
