import { dirname } from 'node:path'
import { messageOf, StackError } from '../../harness/errors.ts'
import type { ContainerEngine } from '../engines.ts'
import { follow } from '../images/image.ts'
import { ensureStandInImage, localImages } from '../images/index.ts'
import type { StackOptions } from '../stack-options.ts'

export const defaultImages = { postgres: 'postgres:16-alpine', redis: 'redis:7-alpine' } as const

/** A pull that has not come to an end by then does not come to one. */
const pullWithinMs = 5 * 60_000

/** The images of one run, all there. */
export interface StackImages {
  readonly postgres: string
  readonly redis: string
  readonly datastorage: string
}

type Given = Pick<StackOptions, 'images' | 'subject' | 'serviceEntry' | 'onProgress'>

/**
 * Finds or gets the images. PostgreSQL and Redis: those asked for; else the usual ones, where the engine has them; else
 * those of `npm run images`, which needs no registry; else the usual ones are pulled. The stand-in is built when it is
 * missing or has changed.
 *
 * @throws StackError that names the image that cannot be had, and what to do
 */
export async function findImages(engine: ContainerEngine, options: Given, signal: AbortSignal): Promise<StackImages> {
  const local = await localImages(engine)
  const server = async (name: 'postgres' | 'redis'): Promise<string> => {
    const asked = options.images?.[name]
    if (asked) return have(engine, asked, options, signal)
    if ((await isThere(engine, defaultImages[name])) || local[name] === null) {
      return have(engine, defaultImages[name], options, signal)
    }
    options.onProgress?.(`${defaultImages[name]} is not there: using ${local[name]}, made by npm run images`)
    return local[name]
  }
  const { subject } = options
  return {
    postgres: await server('postgres'),
    redis: await server('redis'),
    datastorage:
      subject?.kind === 'image'
        ? await have(engine, subject.image, options, signal)
        : await ensureStandInImage(engine, {
            signal,
            onProgress: options.onProgress,
            sources: options.serviceEntry && dirname(options.serviceEntry),
          }),
  }
}

/** The image of this name, pulled where the engine has none. @throws StackError that names it, and what to do */
export async function have(
  engine: ContainerEngine,
  image: string,
  { onProgress }: Pick<Given, 'onProgress'>,
  given: AbortSignal,
): Promise<string> {
  if (await isThere(engine, image)) return image
  onProgress?.(`${engine.name} pulls ${image}`)
  const late = AbortSignal.timeout(pullWithinMs)
  const signal = AbortSignal.any([given, late])
  const failure = `${engine.name} has no image ${image} and could not pull it`
  try {
    // Without a tag an engine would pull all of them.
    const named = /[:@][^/]*$/.test(image) ? image : `${image}:latest`
    await follow(engine.api.pull(named, { abortSignal: signal }), failure, { engine, signal })
  } catch (cause) {
    given.throwIfAborted()
    const why = late.aborted ? `${failure}: not done after ${pullWithinMs / 60_000} minutes` : messageOf(cause)
    throw new StackError(why, { cause, hint: hintFor(engine, image) })
  }
  return image
}

function hintFor({ name }: ContainerEngine, image: string): string {
  return Object.values(defaultImages).some((known) => known === image)
    ? '`npm run images` builds PostgreSQL and Redis without a registry; --postgres-image and --redis-image take others'
    : `check its name; where its registry wants a login, \`${name} pull ${image}\` first`
}

/** A registry cannot be asked without a network: then what is there counts. */
async function isThere({ api }: ContainerEngine, image: string): Promise<boolean> {
  return api
    .getImage(image)
    .inspect()
    .then(
      () => true,
      () => false,
    )
}
