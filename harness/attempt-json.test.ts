import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createAttemptWriter } from './attempt-json.ts'
import { type Attempt, errorClassSchema } from './sample.ts'

/** Most are whole microseconds. */
const time = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -(2 ** 40), max: 2 ** 40 }).map((timeUs) => timeUs / 1_000),
)
const count = fc.nat()
/** Each field of the schema: one that is added there is missing here. */
const fields: { readonly [K in keyof Required<Attempt>]: fc.Arbitrary<Attempt[K]> } = {
  kind: fc.constant('attempt'),
  t: time,
  phase: fc.constantFrom('warm-up', 'load'),
  operation: fc.constantFrom('write-batch', 'write-event', 'query'),
  client: fc.string({ unit: 'binary' }),
  firstEvent: count,
  events: count,
  attempt: count,
  intendedMs: time,
  startedMs: time,
  endedMs: time,
  outcome: fc.constantFrom('ok', 'failed', 'unknown'),
  status: fc.option(count),
  retryAfterMs: time,
  failure: fc.option(
    fc.record(
      {
        errorClass: fc.constantFrom(...errorClassSchema.options),
        code: fc.string(),
        errno: fc.integer(),
        syscall: fc.string(),
        message: fc.string({ unit: 'binary' }),
      },
      { requiredKeys: ['errorClass'] },
    ),
  ),
}
const requiredKeys = Object.keys(fields).filter((key) => key !== 'retryAfterMs') as (keyof Attempt)[]

test('an attempt is written as JSON.stringify would', () => {
  fc.assert(
    fc.property(fc.array(fc.record(fields, { requiredKeys })), fc.nat(2_000), (lines, room) => {
      // Of one writer, which keeps what it wrote before, into a buffer that is full at any place.
      const write = createAttemptWriter()
      for (const line of lines as Attempt[]) {
        const buffer = Buffer.alloc(room + 4_000, '#')
        let end = write(line, buffer.subarray(0, room), 0)
        end ??= write(line, buffer, 0)
        expect(end && JSON.parse(buffer.toString('utf8', 0, end))).toEqual(JSON.parse(JSON.stringify(line)))
        expect(buffer.toString('utf8', (end ?? 0) - 1, (end ?? 0) + 1)).toBe('\n#')
      }
    }),
  )
})
