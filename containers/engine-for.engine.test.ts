import { expect } from 'vitest'
import { InputError } from '../harness/errors.ts'
import { findEngineFor } from './engine-for.ts'
import { enginesForTests, engineTest } from './engines.testing.ts'
import { ensureStandInImage } from './images/index.ts'

const options = { signal: new AbortController().signal, onProgress: () => {} }
/** No registry has this name; where there is a network, that is found out as soon as where there is none. */
const missing = 'localhost:1/culprit/no-such-image:1'

for (const found of Object.values(await enginesForTests())) {
  engineTest(found, 'images that are there name their engine; all that cannot be had are bad input', async (engine) => {
    const there = await ensureStandInImage(engine, { signal: options.signal })
    const look = (...images: string[]) =>
      findEngineFor(
        images.map((image, index) => ({ flag: index === 0 ? '--baseline' : '--candidate', image })),
        engine.name,
        options,
      )
    expect(await look(there)).toBe(engine.name)
    const refused = await look(there, missing).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(InputError)
    expect((refused as InputError).problems).toEqual([
      expect.stringContaining(`--candidate image:${missing}: ${engine.name} has no image ${missing}`),
    ])
  })
}
