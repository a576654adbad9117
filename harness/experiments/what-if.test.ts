import { join } from 'node:path'
import { expect, test } from 'vitest'
import { highLoad } from '../../scenarios/high-load.ts'
import { InputError, InterruptedError } from '../errors.ts'
import { whatIf } from './what-if.ts'

// A real record of a run that died before it had written ten events.
const tooShort = join(import.meta.dirname, '..', 'fixtures', 'high-load-quick-v1')

const ask = (
  figures: Parameters<typeof whatIf>[0]['figures'],
  scenario = highLoad,
  from: string | null = tooShort,
  signal = new AbortController().signal,
) => whatIf({ scenario, seed: 1, figures, from }, () => Promise.reject(new Error('judged without need')), signal)

test('a record that does not hold the figures is refused with what is missing, and how to get it', async () => {
  const error = await ask({}).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(InputError)
  expect((error as InputError).problems).toEqual([
    expect.stringMatching(
      /high-load-quick-v1 does not tell the memory of an event: .* --work-ms-per-event and --hold, or .*--from/,
    ),
    expect.stringMatching(/high-load-quick-v1 does not tell the work of an event/),
  ])
})

test('without any record, the way to one is named', async () => {
  const unheardOf = { ...highLoad, name: 'never-run' }
  await expect(ask({ workMsPerEvent: 111 }, unheardOf, null)).rejects.toThrow(
    /no record of never-run .* run "npm run scenario never-run", or give --hold/,
  )
})

test('given figures need no record, and nothing is compared', async () => {
  const figures = { workMsPerEvent: 1_000 / 9, heldBytesPerEvent: 12 * 2 ** 20, maxAwaitingAnswer: 80 }
  const { outlook, record } = await ask(figures, { ...highLoad, name: 'never-run' }, null)
  expect(record).toBeNull()
  expect(outlook.prediction.outcome).toBe('crashed')
  expect(outlook.crashed).toBe(20)
})

test('an interruption ends it at once', async () => {
  const figures = { workMsPerEvent: 111, heldBytesPerEvent: 12 * 2 ** 20 }
  const interrupted = AbortSignal.abort(new InterruptedError('interrupted'))
  await expect(ask(figures, { ...highLoad, name: 'never-run' }, null, interrupted)).rejects.toThrow(InterruptedError)
})
