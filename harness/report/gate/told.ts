import type { GateResult } from '../../gate-result.ts'
import { fromHere } from '../terminal.ts'
import { renderGate, renderGateSummary } from './table.ts'
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
  if (isJson) {
    const unfinished = scenarios.slice(results.length)
    const answer = answerOf({ results, scenarios })
    return `${JSON.stringify({ answer, results, unfinished, updated, page }, null, 2)}\n`
  }
  return `${[renderGate(results), ...notFinished(results, scenarios), ...updated, `page: ${fromHere(page)}`].join('\n')}\n`
}

/** The same as Markdown, less the page and the baselines. */
export function tellGateSummary(results: readonly GateResult[], scenarios: readonly string[]): string {
  return [renderGateSummary(results), ...notFinished(results, scenarios)].join('')
}

function notFinished(results: readonly GateResult[], scenarios: readonly string[]): string[] {
  return scenarios.slice(results.length).map((name) => `\n${name}: not finished\n`)
}
