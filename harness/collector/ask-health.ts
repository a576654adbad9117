import { Agent, request } from 'undici'
import { classify, failureOfStatus } from '../failure.ts'
import type { Failure } from '../sample.ts'

/** How long an answer may take. */
export const healthTimeoutMs = 2_000

/** Asks for health as a container engine does: on a connection of its own each time, so that none is reused by chance. */
export async function askHealth(
  url: string,
  over: AbortSignal,
): Promise<{ readonly status: number | null; readonly failure: Failure | null }> {
  const agent = new Agent({ pipelining: 0, connect: { timeout: healthTimeoutMs } })
  try {
    const signal = AbortSignal.any([over, AbortSignal.timeout(healthTimeoutMs)])
    const { statusCode, body } = await request(url, { dispatcher: agent, signal })
    await body.dump()
    return { status: statusCode, failure: failureOfStatus(statusCode) }
  } catch (error) {
    return { status: null, failure: classify(error) }
  } finally {
    await agent.destroy()
  }
}
