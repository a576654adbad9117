import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { meanOf } from '../../experiments/statistics/estimates.ts'
import { run } from '../processes.ts'
import { formatEstimate } from '../statistics.ts'
import type { Question } from './question.ts'

const program = join(import.meta.dirname, '..', '..', 'culprit.js')
const scenario = 'high-load-quick'

/** From the command to the verdict, with all that a run starts, and the judging alone. */
export const timeToVerdict: Question = {
  name: 'time-to-verdict',
  title: 'From the command to the verdict',
  async ask({ ofTools: { signal }, isQuick, dir, say }) {
    const times = isQuick ? 1 : 2
    const tookS: { what: string; values: number[] }[] = []
    for (const what of ['scenario', 'judge']) tookS.push({ what, values: [] })
    for (let time = 0; time < times; time++) {
      const record = join(dir, `verdict-${time}`)
      for (const { what, values } of tookS) {
        const args =
          what === 'judge'
            ? ['judge', record]
            : ['scenario', scenario, '--runtime', 'embedded', '--out', record, '--expect', 'any']
        const fromMs = performance.now()
        await run([process.execPath, program, ...args], { cpu: null, signal })
        values.push((performance.now() - fromMs) / 1_000)
        say(`  ${what}: ${values.at(-1)?.toFixed(1)} s`)
      }
    }
    return {
      header: ['Command', 'Takes'],
      rows: tookS.map(({ what, values }) => [
        what === 'judge' ? 'judge, from its record' : `scenario ${scenario}`,
        formatEstimate(meanOf(values), (value) => `${value.toFixed(1)} s`),
      ]),
      note: `${times === 1 ? 'Once' : `${times} times`}, with everything that is started and stopped; the load itself takes about 10 s of it.`,
      data: tookS,
    }
  },
}
