import { saturate } from '../saturate.ts'
import { startStandIn } from '../servers/stand-in.ts'
import type { Question } from './question.ts'

/** Fewer: the service is what is slow, so that they hardly differ. */
const rounds = 2

export const standIn: Question = {
  name: 'stand-in',
  title: 'The same against the stand-in',
  async ask(bench) {
    await using server = await startStandIn(bench.dir, bench.ofTools.signal)
    return bench.isQuick ? await saturate(bench, server, [1]) : await saturate({ ...bench, rounds }, server, [1, 13])
  },
}
