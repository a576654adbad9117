import { type ChosenFault, type Fault, levels } from '../fault.ts'
import type { Scenario } from '../scenario.ts'
import { suggest } from './suggest.ts'

/** Intensity of a fault that was given without one. */
const usualLevel = 3

/**
 * Reads `--fault`: a fault or two, such as `page-cache+outside-kill:5`, and puts them into the scenario. Whatever is wrong
 * is added to the problems.
 */
export function chooseFaults(
  text: string | undefined,
  scenario: Scenario,
  known: readonly Fault[],
  problems: string[],
): { readonly faults: readonly ChosenFault[]; readonly scenario: Scenario } {
  if (text === undefined) return { faults: [], scenario }
  const faults = text.split('+').flatMap((part): ChosenFault[] => {
    const [name = '', levelText = String(usualLevel)] = part.split(':')
    const fault = known.find((one) => one.name === name)
    const level = levels.find((one) => String(one) === levelText)
    if (!fault) {
      problems.push(
        `--fault ${part}: ${suggest(
          name,
          known.map((one) => one.name),
        )}`,
      )
    }
    if (!level) problems.push(`--fault ${part}: the intensity is a whole number from 1 to 5`)
    return fault && level ? [{ fault, level }] : []
  })
  const names = faults.map(({ fault }) => fault.name)
  if (new Set(names).size < names.length) problems.push(`--fault ${text}: the same fault twice`)
  const inside = faults.filter(({ fault }) => fault.prepare)
  if (inside.length > 1) {
    const both = inside.map(({ fault }) => fault.name).join(' and ')
    problems.push(`--fault ${text}: ${both} are both behaviours of the stand-in, which can have one at a time`)
  }
  const prepared = faults.reduce((made, { fault, level }) => fault.prepare?.(made, level) ?? made, scenario)
  return { faults, scenario: prepared }
}
