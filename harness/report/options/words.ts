import type { OptionsReport } from '../../option.ts'

/** `The options, measured · 3 runs of each · quick`. */
export function describeOptions({ isQuick, repeats }: OptionsReport): string {
  const quick = isQuick ? ' · the quick form (a fifth of the time, a quarter of the memory)' : ''
  return `The options, measured · ${repeats} run${repeats === 1 ? '' : 's'} of each${quick}`
}

export function optionsCommandOf({ isQuick, repeats }: OptionsReport): string {
  return `npm run scenario options --${isQuick ? ' --quick' : ''} --repeat ${repeats}`
}
