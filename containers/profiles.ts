import { profiles } from './datastorage/profiles/index.ts'

/** What `--profile` takes, for those outside who may not look into the stand-in. */
export const profileNames: readonly string[] = profiles.map((profile) => profile.name)

/** What is wrong with these options of a profile, a line each; nothing of a profile that there is not. */
export function checkProfileOptions(name: string, options: Readonly<Record<string, unknown>>): string[] {
  const parsed = profiles.find((profile) => profile.name === name)?.options.safeParse(options)
  const problems = parsed?.error?.issues ?? []
  return problems.map(({ path, message }) => ['option', ...path].join('.').concat(': ', message))
}
