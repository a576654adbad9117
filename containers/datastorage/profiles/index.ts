/** Every profile, one line each. */
import { asReported } from './as-reported.ts'
import { healthy } from './healthy.ts'
import type { Profile } from './profile.ts'

/** The profiles that DATASTORAGE_PROFILE can name. */
export const profiles: readonly Profile[] = [healthy, asReported]

/** The profile of this name, if there is one. */
export function findProfile(name: string): Profile | undefined {
  return profiles.find((profile) => profile.name === name)
}
