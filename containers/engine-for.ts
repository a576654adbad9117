import { InputError, StackError } from '../harness/errors.ts'
import { have } from './docker/images.ts'
import { type EngineName, findEngine } from './engines.ts'

export interface ImageWanted {
  /** Which flag names it. */
  readonly flag: string
  readonly image: string
}

/**
 * The engine that is asked for, or the first that answers, once it has all of these images or has pulled them.
 *
 * @throws StackError where none answers; InputError, with all images that cannot be had
 */
export async function findEngineFor(
  wanted: readonly ImageWanted[],
  runtime: string,
  options: { readonly signal: AbortSignal; readonly onProgress: (message: string) => void },
): Promise<EngineName> {
  const engine = await findEngine(runtime === 'docker' || runtime === 'podman' ? runtime : 'auto', options.signal)
  const problems: string[] = []
  for (const { flag, image } of wanted) {
    try {
      await have(engine, image, options, options.signal)
    } catch (error) {
      if (!(error instanceof StackError)) throw error
      problems.push(`${flag} image:${image}: ${[error.message, error.hint].filter(Boolean).join('; ')}`)
    }
  }
  if (problems.length > 0) throw new InputError(problems)
  return engine.name
}
