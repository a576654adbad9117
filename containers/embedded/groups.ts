import { createLimitedGroup, createSharedGroup } from '../limits/index.ts'
import type { LimitedGroup, SharedGroup } from '../limits/limiter.ts'
import type { StackOptions } from '../stack-options.ts'

/** The groups that the stack's processes are started in. Disposing ends what is left in them and removes them. */
export interface Groups extends AsyncDisposable {
  readonly datastorage: LimitedGroup
  /** Where one limit holds the whole stack: the servers' own groups in it, and the group of all. */
  readonly shared?: { readonly postgres: LimitedGroup; readonly redis: LimitedGroup; readonly all: SharedGroup }
}

/** Makes the service's own group, or one for each part inside a group that limits all of them together. */
export async function createGroups(name: string, options: StackOptions): Promise<Groups> {
  const { limits } = options
  if (limits.memoryScope !== 'stack') {
    const datastorage = await createLimitedGroup(name, limits, options)
    return { datastorage, [Symbol.asyncDispose]: () => datastorage[Symbol.asyncDispose]() }
  }
  await using made = new AsyncDisposableStack()
  const all = made.use(await createSharedGroup(name, limits, options))
  const datastorage = made.use(await all.createPart('datastorage', limits.cpus))
  const postgres = made.use(await all.createPart('postgres'))
  const redis = made.use(await all.createPart('redis'))
  const owned = made.move()
  return { datastorage, shared: { postgres, redis, all }, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
