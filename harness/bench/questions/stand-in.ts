import { batchPath, writeBody } from '../body.ts'
import { runJob } from '../processes.ts'
import { saturate } from '../saturate.ts'
import { startStandIn } from '../servers/stand-in.ts'
import { sockets } from '../tools/sockets.ts'
import type { Bench, Question } from './question.ts'

/** Fewer: the service is what is slow, so that they hardly differ. */
const rounds = 2

export const standIn: Question = {
  name: 'stand-in',
  title: 'The same against the stand-in',
  async ask(bench) {
    await using server = await startStandIn(bench.dir, bench.ofTools.signal)
    await warmUp(server.origin, bench)
    return bench.isQuick ? await saturate(bench, server, [1]) : await saturate({ ...bench, rounds }, server, [1, 13])
  },
}

/** A service that has not compiled its code yet would be the first tool's misfortune. */
async function warmUp(origin: string, { dir, isQuick, ofTools }: Bench): Promise<void> {
  const url = `${origin}${batchPath}`
  const load = { url, ...(await writeBody(dir, 1)), connections: 16, warmUpMs: 0, durationMs: isQuick ? 1_000 : 5_000 }
  await runJob({ kind: 'saturate', tool: sockets.name, load }, ofTools)
}
