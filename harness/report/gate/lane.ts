import type { Effect, GateAnswer } from '../../gate-result.ts'
import { type Html, html } from '../page/html.ts'

const [width, height] = [1_000, 24]
/** Where "no change" and a limit stand, so that lanes of metrics with other limits can be read below one another. */
const [noChangeAt, limitAt] = [300, 500]
/** A limit of `+0 %` has no length of its own. */
const shareWithoutLength = 0.05

export interface Lane {
  readonly answer: GateAnswer
  readonly effect: Effect
  /** The limit: how much of an increase is allowed; below 0, of a decrease. */
  readonly share: number
  /** One for each pair. */
  readonly ratios?: readonly number[] | undefined
}

/**
 * A change with its interval, against its limit. Hidden from those who cannot see it, since the figures stand beside it;
 * what lies beyond an edge is drawn at it.
 */
export function lane({ answer, effect, share, ratios = [] }: Lane): Html {
  const isLength = share !== 0
  const x = (ratio: number) => {
    const inLimits = (ratio - 1) / (isLength ? share : shareWithoutLength)
    return Math.min(width - 4, Math.max(4, noChangeAt + (limitAt - noChangeAt) * inLimits)).toFixed(1)
  }
  const upright = (at: string, kind: string, top: number, bottom: number) =>
    html`<line class="${kind}" x1="${at}" x2="${at}" y1="${top}" y2="${bottom}" vector-effect="non-scaling-stroke"/>`
  return html`<svg class="lane effect" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" aria-hidden="true">
${upright(x(1), 'no-change', 0, height)}
${upright(x(1 + share), 'limit', 0, height)}
${ratios.map((ratio) => upright(x(ratio), 'pair', height - 7, height))}
<line class="interval ${answer}" x1="${x(effect.low)}" x2="${x(effect.high)}" y1="10" y2="10" vector-effect="non-scaling-stroke"/>
${upright(x(effect.ratio), `middle ${answer}`, 4, 16)}
</svg>`
}

/** What the lines of a lane mean. */
export const laneKey = html`<p class="legend">A bar: where the change lies (98 %), green within the limit, red beyond it, orange undecided;
<span class="key no-change"></span>no change <span class="key limit"></span>limit <span class="key pair"></span>each pair. Each line has a scale of its own, on which the limit is in the same place; what lies beyond an edge is drawn at it.</p>`
