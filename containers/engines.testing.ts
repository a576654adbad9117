import { type TestContext, test } from 'vitest'
import { messageOf, StackError } from '../harness/errors.ts'
import { type ContainerEngine, type EngineName, findEngine } from './engines.ts'

/** An engine for a test, or why there is none. */
export type Found = { readonly engine: ContainerEngine } | { readonly skipped: string }

/** Looks for both engines. Set CULPRIT_TEST_ENGINES to `docker`, `podman` or `none` to have fewer than answer. */
export async function enginesForTests(): Promise<Readonly<Record<EngineName, Found>>> {
  const wanted = process.env.CULPRIT_TEST_ENGINES
  const look = async (name: EngineName): Promise<Found> => {
    if (wanted && wanted !== name) return { skipped: `CULPRIT_TEST_ENGINES is ${wanted}` }
    try {
      return { engine: await findEngine(name) }
    } catch (error) {
      const tried = error instanceof StackError ? error.logTail.join('; ') : ''
      return { skipped: `${messageOf(error)}: ${tried}` }
    }
  }
  return { docker: await look('docker'), podman: await look('podman') }
}

/** A test that needs an engine. Without it, the name says that it was skipped, and why. */
export function engineTest(
  found: Found,
  title: string,
  body: (engine: ContainerEngine, context: TestContext) => Promise<void>,
): void {
  if ('skipped' in found) test.skip(`${title} (skipped: ${found.skipped})`)
  else test(`${title} (${found.engine.name} ${found.engine.version})`, (context) => body(found.engine, context))
}
