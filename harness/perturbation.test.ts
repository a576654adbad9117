import { expect, test } from 'vitest'
import { arrivingMs, parseArrivals, withArrivals } from './arrivals.ts'
import { gentlerPace } from './perturbation.ts'
import { manifest } from './report/verdict.fixture.ts'

test.each([
  'burst',
  'batches:20/2s',
  'rate:2/s',
  'ramp:1-5/s:20s',
  'ramp:9-1/s:20s',
  'steps:1-4-1/s:10s',
  'poisson:2/s',
])('the same RRs over a longer time: four times that of %s, and at least that of a life', (text) => {
  const found = parseArrivals(text)
  if ('problem' in found) throw new Error(found.problem)
  const load = withArrivals(manifest.load, found.arrivals)
  const [change] = gentlerPace.changes({ ...manifest, load })
  const gentler = parseArrivals(`batches:${change?.value}`)
  if ('problem' in gentler) throw new Error(gentler.problem)
  const takesMs = arrivingMs(withArrivals(load, gentler.arrivals))
  const leastMs = Math.max(4 * arrivingMs(load), load.lifeMs)
  expect(takesMs).toBeGreaterThanOrEqual(0.9 * leastMs)
  expect(takesMs).toBeLessThanOrEqual(2 * leastMs)
})
