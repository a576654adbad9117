import { examples, parseArrivals, rrsWithin, syntaxes, withArrivals } from '../arrivals.ts'
import { InputError } from '../errors.ts'
import { type Knob, maxRrs } from './knob.ts'

export const arrivals: Knob = {
  flag: 'arrivals',
  value: '<when>',
  description: `when the RRs arrive: ${syntaxes.join(', ')}; such as ${examples.slice(1).join(', ')}. A time says how many RRs there are`,
  apply(scenario, text) {
    const parsed = parseArrivals(text)
    if ('problem' in parsed) return parsed
    const load = withArrivals(scenario.load, parsed.arrivals)
    if (parsed.forMs === null) return { scenario: { ...scenario, load } }
    const rrs = rrsWithin(parsed.arrivals, parsed.forMs, maxRrs)
    if (rrs < 1 || rrs > maxRrs) return { problem: `makes ${rrs < 1 ? 'no' : `more than ${maxRrs}`} RRs in that time` }
    return { scenario: { ...scenario, load: { ...load, rrs } } }
  },
}

export const replay: Knob = {
  flag: 'replay',
  value: '<run>',
  description: 'the RRs and events of a recorded run again, each when it was due there: a folder, a name, or "latest"',
  apply(scenario, text, { recordedLoad }) {
    try {
      if (!recordedLoad) return { problem: 'there are no records here' }
      const { name, load } = recordedLoad(text)
      const { workers: _, ...replayed } = load
      const { emitter, queriesPerSec } = scenario.load
      return { scenario: { ...scenario, load: { ...replayed, emitter, queriesPerSec } }, text: name }
    } catch (error) {
      if (error instanceof InputError) return { problem: error.problems.join('; ') }
      throw error
    }
  },
}
