import { inert } from './inert.ts'

/** Flags as a shell takes them; `true` for those without a value, several values of one flag on lines of their own. */
export function flagWords(flags: Readonly<Record<string, string>>): string[] {
  return Object.entries(flags).flatMap(([flag, text]) =>
    text === 'true' ? [`--${flag}`] : text.split('\n').map((value) => `--${flag} ${quote(value)}`),
  )
}

export function quote(word: string): string {
  const shown = inert(word)
  return /^[\w@%+=:,./-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", `'\\''`)}'`
}
