import type { ContainerEngine } from '../engines.ts'
import { debian } from './debian.ts'
import { type BuildOptions, type BuiltImage, ensureImage, inputsOf } from './image.ts'
import { postgres, redis } from './packaged.ts'
import { standIn } from './stand-in.ts'

export type { BuiltImage } from './image.ts'

/**
 * Builds every image that a run in a container engine needs, without a registry; what is there and made of the same stays.
 * The stand-in comes first, because it can be built everywhere.
 *
 * @throws StackError that says what is missing
 */
export async function buildImages(
  engine: ContainerEngine,
  options: Omit<BuildOptions, 'engine'> & { readonly base?: string | undefined },
): Promise<readonly BuiltImage[]> {
  const how = { ...options, engine }
  const built = [await ensureImage(await standIn(options.base), how)]
  if (options.force) built.push(await ensureImage(debian, how))
  for (const image of [postgres, redis]) built.push(await ensureImage(image, how))
  return built
}

/**
 * The tag of the stand-in's image, which is built if the engine does not have it as it is now: a few seconds. `sources`: the
 * folder of another stand-in than the one that lies here.
 */
export async function ensureStandInImage(
  engine: ContainerEngine,
  options: Omit<BuildOptions, 'engine' | 'force'> & {
    readonly base?: string | undefined
    readonly sources?: string | undefined
  },
): Promise<string> {
  return (await ensureImage(await standIn(options.base, options.sources), { ...options, engine })).tag
}

/** The images that this engine has in place of a registry's, of whatever version; null where it has none. */
export async function localImages(
  engine: ContainerEngine,
): Promise<{ readonly postgres: string | null; readonly redis: string | null }> {
  const find = async ({ tag }: { tag: string }) => ((await inputsOf(engine, tag)) === null ? null : tag)
  return { postgres: await find(postgres), redis: await find(redis) }
}
