import { saturate } from '../saturate.ts'
import { startStandIn } from '../servers/stand-in.ts'
import type { Question } from './question.ts'

/** Fewer: the service is what is slow, so that they hardly differ. */
const rounds = 2

export const standIn: Question = {
  name: 'stand-in',
  title: 'The same against the stand-in',
  takesLong: true,
  async ask(bench) {
    await using server = await startStandIn(bench.dir, bench.ofTools.signal)
    return await saturate({ ...bench, rounds }, server, [1, 13])
  },
}
