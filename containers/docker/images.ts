import { setTimeout as delay } from 'node:timers/promises'
import { getContainerRuntimeClient, ImageName } from 'testcontainers'
import { messageOf, StackError } from '../../harness/errors.ts'
import type { ContainerEngine } from '../engines.ts'
import { ensureStandInImage, localImages } from '../images/index.ts'
import type { StackOptions } from '../stack-options.ts'
import { bindTestcontainers } from './testcontainers.ts'

export const defaultImages = { postgres: 'postgres:16-alpine', redis: 'redis:7-alpine' } as const

/** A pull that has not come to an end by then does not come to one. */
const pullWithinMs = 5 * 60_000

/** The images of one run, all there. */
export interface StackImages {
  readonly postgres: string
  readonly redis: string
  readonly datastorage: string
}

type Given = Pick<StackOptions, 'images' | 'subject' | 'onProgress'>

/**
 * Finds or gets the images. PostgreSQL and Redis: those asked for; else the usual ones, where the engine has them; else
 * those of `npm run images`, which needs no registry; else the usual ones are pulled. The stand-in is built when it is
 * missing or has changed.
 *
 * @throws StackError that names the image that cannot be had, and what to do
 */
export async function findImages(engine: ContainerEngine, options: Given, signal: AbortSignal): Promise<StackImages> {
  await bindTestcontainers(engine)
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
        : await ensureStandInImage(engine, { signal, onProgress: options.onProgress }),
  }
}

async function have(
  engine: ContainerEngine,
  image: string,
  { onProgress }: Given,
  signal: AbortSignal,
): Promise<string> {
  if (await isThere(engine, image)) return image
  onProgress?.(`${engine.name} pulls ${image}`)
  const client = await getContainerRuntimeClient()
  // By the library: it knows the registries that the user has logged in to. It cannot be told to stop.
  const pulling = client.image.pull(ImageName.fromString(image), { force: false, platform: undefined })
  const late = delay(pullWithinMs, undefined, { signal, ref: false }).then(() => {
    throw new Error(`not done after ${pullWithinMs / 60_000} minutes`)
  })
  try {
    await Promise.race([pulling, late])
  } catch (cause) {
    pulling.catch(() => {})
    signal.throwIfAborted()
    throw new StackError(`${engine.name} has no image ${image} and could not pull it: ${shorten(messageOf(cause))}`, {
      cause,
      hint: isServer(image)
        ? '`npm run images` builds PostgreSQL and Redis without a registry; --postgres-image and --redis-image take others'
        : 'check its name, or log in to its registry',
    })
  }
  return image
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

function isServer(image: string): boolean {
  return Object.values(defaultImages).some((known) => known === image)
}

function shorten(text: string): string {
  return (
    text
      .replace(/^\(HTTP code \d+\) [^-]*- /, '')
      .trim()
      .split('\n')[0] ?? ''
  )
}
