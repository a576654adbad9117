import type { GateRequest } from '../command-line/commands/gate.ts'
import { exitCodes } from '../errors.ts'
import type { GateAnswer } from '../gate-result.ts'
import { answerOf, tellGate, tellGateSummary } from '../report/gate/index.ts'
import { type FindsEngine, type Gated, type GateOptions, runGates } from './gate.ts'

export type GateOrder = Omit<GateRequest, 'command'>

/** What a gate needs of the world. */
export interface GateMeans extends FindsEngine, Pick<GateOptions, 'runOnce' | 'say' | 'dir'> {
  /** Takes what came of it. */
  print(text: string): void
  /** Takes the same as Markdown. */
  summarise(markdown: string): Promise<void>
}

const exitCodeOf: Readonly<Record<GateAnswer, number>> = {
  pass: exitCodes.held,
  fail: exitCodes.notHeld,
  unknown: exitCodes.notKnown,
}

/**
 * `npm run gate`: runs the gates and prints what came of them. Gives the exit code.
 *
 * @throws as `runGates` does, after what is finished was printed: an interruption takes nothing away
 */
export async function conductGate(order: GateOrder, means: GateMeans): Promise<number> {
  const finished: Gated[] = []
  const onFinished = (gated: Gated) => finished.push(gated)
  const { budgetMs, seed } = order
  const gated = await runGates(order, { ...means, budgetMs, seed, onFinished }).catch(async (error: unknown) => {
    const last = finished.at(-1)
    if (last) await show(last, order, means)
    throw error
  })
  return show(gated, order, means)
}

async function show(gated: Gated, { scenarios, json }: GateOrder, means: GateMeans) {
  const names = scenarios.map(({ scenario }) => scenario.name)
  const { results } = gated
  means.print(tellGate(gated, { scenarios: names, isJson: json }))
  await means.summarise(tellGateSummary(results, names))
  return exitCodeOf[answerOf({ results, scenarios: names })]
}
