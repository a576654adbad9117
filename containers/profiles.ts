import { profiles } from './datastorage/profiles/index.ts'

/** What `--profile` takes, for those outside who may not look into the stand-in. */
export const profileNames: readonly string[] = profiles.map((profile) => profile.name)
