/** Where blind runs can be done: everywhere that the stand-in is ours. */
export const blindRuntimes = ['embedded', 'docker', 'podman'] as const
export type BlindRuntime = (typeof blindRuntimes)[number]

/** A judged run beside what was drawn for it. */
export interface BlindTrial {
  readonly index: number
  /** Such as `pool-too-small:2`; empty: no fault. */
  readonly faults: readonly string[]
  readonly seed: number
  /** The causes that had to be named. */
  readonly drawn: readonly string[]
  /** Those that were. */
  readonly named: readonly string[]
  readonly tookEffect: boolean
  readonly effect: string
  /** What the verdict says of each drawn cause that it does not name, and of each one that it names for nothing. */
  readonly reasons: readonly string[]
  readonly durationMs: number
  readonly run: string
  readonly replay: string
}

export const scores = ['right', 'not known', 'wrong', 'no effect'] as const
export type Score = (typeof scores)[number]

/** Right: exactly the drawn set. Wrong: something was named that was not drawn. A fault that did nothing counts as neither. */
export function scoreOf({ drawn, named, tookEffect }: BlindTrial): Score {
  if (!tookEffect) return 'no effect'
  if (named.some((cause) => !drawn.includes(cause))) return 'wrong'
  return drawn.every((cause) => named.includes(cause)) ? 'right' : 'not known'
}

/** Of the runs that count: how many there are of each score. */
export interface Tallied {
  readonly counted: number
  readonly noEffect: number
  readonly by: Readonly<Record<Score, number>>
}

export function tallyOf(trials: readonly BlindTrial[]): Tallied {
  const of = (score: Score) => trials.filter((one) => scoreOf(one) === score).length
  const noEffect = of('no effect')
  return {
    counted: trials.length - noEffect,
    noEffect,
    by: { right: of('right'), 'not known': of('not known'), wrong: of('wrong'), 'no effect': noEffect },
  }
}

/** A line of the confusion matrix: one fault, or one pair of them, at any intensity. */
export interface MatrixRow {
  readonly label: string
  /** The causes that had to be named. */
  readonly drawn: readonly string[]
  readonly by: Readonly<Record<Score, number>>
  /** How often each cause was named, in the order of the matrix; of the runs whose faults took effect. */
  readonly named: readonly number[]
  readonly namedNone: number
}

/** What was drawn, down; what was named, across. */
export interface Matrix {
  readonly causes: readonly string[]
  readonly rows: readonly MatrixRow[]
}

export function matrixOf(trials: readonly BlindTrial[]): Matrix {
  const causes = [...new Set(trials.flatMap(({ drawn, named }) => [...drawn, ...named]))].sort()
  const labels = [...new Set(trials.map(labelOf))].sort()
  const rows = labels.map((label): MatrixRow => {
    const all = trials.filter((one) => labelOf(one) === label)
    const effective = all.filter((one) => one.tookEffect)
    return {
      label,
      drawn: all[0]?.drawn ?? [],
      by: tallyOf(all).by,
      named: causes.map((cause) => effective.filter(({ named }) => named.includes(cause)).length),
      namedNone: effective.filter(({ named }) => named.length === 0).length,
    }
  })
  return { causes, rows }
}

export function labelOf({ faults }: Pick<BlindTrial, 'faults'>): string {
  return faults.length === 0 ? 'no fault' : faults.map((fault) => fault.split(':')[0]).join(' + ')
}
