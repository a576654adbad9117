import type { GateResult } from '../../gate-result.ts'
import { fromHere } from '../terminal.ts'
import { renderGate } from './table.ts'
import { answerOf } from './words.ts'

interface Told {
  readonly results: readonly GateResult[]
  /** Where the page is. */
  readonly page: string
  /** What became of the stored baselines, in lines. */
  readonly updated: readonly string[]
}

/** What the command prints at its end; as JSON, nothing less than as text. */
export function tellGate({ results, page, updated }: Told, isJson: boolean): string {
  if (!isJson) return `${[renderGate(results), ...updated, `page: ${fromHere(page)}`].join('\n')}\n`
  return `${JSON.stringify({ answer: answerOf({ results, scenarios: [] }), results, updated, page }, null, 2)}\n`
}
