import { removeLeftovers } from './embedded/leftovers.ts'

/** Removes what killed runs left on this machine, by its owner's mark, and nothing else. Returns what was removed. */
export async function clean(): Promise<readonly string[]> {
  return removeLeftovers()
}
