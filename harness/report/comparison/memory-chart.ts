import type { CellSummary } from '../../comparison.ts'
import type { MemoryCourse } from '../../trial.ts'
import { formatAt, formatBytes } from '../../units.ts'
import type { Axis, Chart, Colour } from '../page/chart.ts'
import { nameOf } from './words.ts'

/** Memory over time, a chart for each cell, on one axis: each of its runs, the limit, and, dashed, what the model makes of it. */
export function memoryCharts(cells: readonly CellSummary[]): {
  readonly axis: Axis
  readonly charts: readonly Chart[]
} {
  const axis = timeAxis(cells)
  return { axis, charts: cells.map((cell, index) => memoryChart(cell, index, axis)) }
}

const runColours: readonly Colour[] = ['blue', 'teal', 'violet', 'green', 'pink', 'orange']

const timesPerChart = 240

function memoryChart(cell: CellSummary, index: number, { toMs }: Axis): Chart {
  const { courses, forecast, limitBytes, state } = cell
  const stepMs = toMs / timesPerChart
  // The same times for all lines of a page.
  const timed = { timesMs: Array.from({ length: timesPerChart + 1 }, (_, step) => step * stepMs) }
  const measured = courses.map(({ run, memory, diedMs }, number) => ({
    ...timed,
    label: `${run}${diedMs === null ? '' : `, died at ${formatAt(diedMs)}`}`,
    colour: runColours[number % runColours.length] ?? 'blue',
    values: timed.timesMs.map((t) => (diedMs !== null && t > diedMs ? null : highestIn(memory, t, t + stepMs))),
  }))
  const predicted = forecast && {
    ...timed,
    label: `predicted${forecast.diedMs === null ? '' : `, death at ${formatAt(forecast.diedMs)}`}`,
    colour: 'grey' as const,
    values: timed.timesMs.map((t) => highestIn(forecast.memory, t, t + stepMs)),
    dashed: true,
  }
  const limit = limitBytes === null ? '' : ` of ${formatBytes(limitBytes)}`
  return {
    ...timed,
    id: `memory-${index + 1}`,
    title: `${nameOf(cell)}: ${state ?? 'not run'}`,
    text: cell.peakBytes ? `Peak ${formatBytes(cell.peakBytes.high)}${limit}.` : 'Nothing was measured.',
    unit: 'bytes',
    series: [...measured, ...(predicted ? [predicted] : [])],
    levels: limitBytes === null ? [] : [{ label: 'limit', colour: 'red', value: limitBytes }],
    missing: measured.length === 0 ? (cell.why[0] ?? 'no run is finished') : undefined,
  }
}

/** The highest reading of a stretch; between two readings, what lies between them. Nothing before the first and after the last. */
function highestIn(course: MemoryCourse, fromMs: number, toMs: number): number | null {
  const within = course.filter(([t]) => t >= fromMs && t < toMs).map(([, bytes]) => bytes)
  if (within.length > 0) return Math.max(...within)
  const before = course.findLast(([t]) => t < fromMs)
  const after = course.find(([t]) => t >= toMs)
  if (!before || !after) return null
  return before[1] + ((after[1] - before[1]) * (fromMs - before[0])) / (after[0] - before[0])
}

function timeAxis(cells: readonly CellSummary[]): Axis {
  const ends = cells.flatMap(({ courses, forecast }) =>
    [...courses.map(({ memory }) => memory), forecast?.memory ?? []].map((course) => course.at(-1)?.[0] ?? 0),
  )
  return { fromMs: 0, toMs: Math.max(1_000, ...ends), marks: [] }
}
