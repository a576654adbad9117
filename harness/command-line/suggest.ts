import { closest, distance } from 'fastest-levenshtein'

/** `did you mean …?` where something near enough exists, else the list of what there is. */
export function suggest(given: string, known: readonly string[]): string {
  const nearest = known.length > 0 ? closest(given, [...known]) : ''
  // Two slips, or a third of a long word; `--` in front of both makes a word no nearer.
  const letters = given.replace(/^-+/, '').length
  const isNear = nearest !== '' && distance(given, nearest) <= Math.max(1, Math.min(3, Math.floor(letters / 3)))
  return isNear ? `did you mean ${nearest}?` : `there is: ${known.join(', ')}`
}
