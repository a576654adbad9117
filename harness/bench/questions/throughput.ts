import { saturate } from '../saturate.ts'
import type { Question } from './question.ts'

export const throughput: Question = {
  name: 'throughput',
  title: 'Requests per second on one core',
  async ask(bench) {
    await using server = await bench.startServer()
    return await saturate(bench, server, bench.isQuick ? [1] : [1, 13])
  },
}
