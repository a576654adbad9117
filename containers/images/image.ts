import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { messageOf, StackError } from '../../harness/errors.ts'
import { type ContainerEngine, saidByEngine } from '../engines.ts'

/**
 * Names the image's inputs in the image itself. Not `culprit`, which marks what is removed: a container has the labels of
 * its image, also one that somebody starts by hand.
 */
export const inputsLabel = 'culprit.image'

/**
 * All our images are named so. No engine looks for these in a registry, where `culprit/postgres` would be somebody else's;
 * Podman would put `localhost/` there by itself.
 */
export const repository = (name: string) => `localhost/culprit/${name}`

/** An image that can be built, and what it is made of. */
export interface Image {
  readonly tag: string
  /** A second tag, such as `latest`. */
  readonly alias?: string | undefined
  /** A digest of all that it is made of. */
  readonly inputs: string
  /** Makes the image under its tag. Its label must name the inputs. */
  build(how: BuildOptions): Promise<void>
}

export interface BuildOptions {
  readonly engine: ContainerEngine
  readonly signal: AbortSignal
  readonly onProgress?: ((message: string) => void) | undefined
  /** Builds also what is there already, from the start. */
  readonly force?: boolean | undefined
}

export interface BuiltImage {
  readonly tag: string
  /** False when it was there already, made of the same. */
  readonly built: boolean
}

/** Builds the image unless the engine has one of the same inputs. */
export async function ensureImage(image: Image, options: BuildOptions): Promise<BuiltImage> {
  const { engine, signal } = options
  const build = options.force || (await inputsOf(engine, image.tag)) !== image.inputs
  if (build) await image.build(options)
  signal.throwIfAborted()
  const [repo, tag] = image.alias?.split(/:(?=[^:]*$)/) ?? []
  // Also when it was there: another one may have been made since, of other sources or on another base.
  if (repo) await engine.api.getImage(image.tag).tag({ repo, tag })
  return { tag: image.tag, built: build }
}

/** The inputs that an image of ours names; null when the engine has no such image. */
export async function inputsOf(engine: ContainerEngine, tag: string): Promise<string | null> {
  try {
    const { Config } = await engine.api.getImage(tag).inspect()
    return Config.Labels?.[inputsLabel] ?? ''
  } catch (cause) {
    if (cause instanceof Error && 'statusCode' in cause && cause.statusCode === 404) return null
    throw new StackError(`${engine.name} did not say whether it has the image ${tag}: ${messageOf(cause)}`, { cause })
  }
}

/** What a Dockerfile is built with. */
export interface DockerfileBuild {
  readonly image: Pick<Image, 'tag' | 'inputs'>
  /** A tar archive: the Dockerfile and what it copies. */
  readonly context: AsyncIterable<unknown>
  readonly args: Readonly<Record<string, string>>
}

/** Has the engine build a Dockerfile. Nothing is pulled unless the Dockerfile's base is a registry's and not there. */
export async function buildDockerfile(build: DockerfileBuild, { engine, signal, force }: BuildOptions): Promise<void> {
  const { image, context, args } = build
  const answer = engine.api.buildImage(Readable.from(context), {
    t: image.tag,
    labels: { [inputsLabel]: image.inputs },
    buildargs: { ...args },
    // The engine's own network may not know the way to a package mirror; the machine's does.
    networkmode: 'host',
    rm: true,
    forcerm: true,
    nocache: force,
    abortSignal: signal,
  })
  await follow(answer, `${engine.name} could not build ${image.tag}`, { engine, signal })
}

/** Waits for the end of what the engine does, and turns what it says went wrong into a StackError with its last lines. */
export async function follow(
  answer: Promise<NodeJS.ReadableStream>,
  failure: string,
  { engine, signal }: Pick<BuildOptions, 'engine' | 'signal'>,
): Promise<void> {
  const lines: string[] = []
  const keep = (text: unknown) => {
    if (typeof text === 'string') lines.push(...text.split('\n').filter((line) => line.trim() !== ''))
  }
  try {
    const stream = await answer
    const messages = await new Promise<{ stream?: unknown; error?: unknown }[]>((resolve, reject) => {
      engine.api.modem.followProgress(stream, (error, all) => (error ? reject(error) : resolve(all)))
    })
    for (const message of messages) keep(message.stream)
    const failed = messages.find(({ error }) => error !== undefined)
    if (failed) throw new Error(String(failed.error))
    signal.throwIfAborted()
  } catch (cause) {
    signal.throwIfAborted()
    throw new StackError(`${failure}: ${saidByEngine(cause)}`, { cause, logTail: lines.slice(-20) })
  }
}

/** A digest of texts, in their order. */
export function digest(texts: Iterable<string | Buffer>): string {
  const hash = createHash('sha256')
  // With the length, so that two texts are not one longer one.
  for (const text of texts) hash.update(`${text.length}:`).update(text)
  return hash.digest('hex').slice(0, 12)
}
