/* Draws a page's charts on one axis with one cursor. Runs in the page, after uPlot. */
/* global uPlot */
;(() => {
  const { axis, charts } = JSON.parse(document.getElementById('data').textContent)
  const slider = document.getElementById('cursor')
  const moment = document.getElementById('moment')
  const plots = []
  let pinnedMs = null
  let isOwnMove = false

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
  const number = (digits) => (value) => value.toLocaleString('en', { maximumFractionDigits: digits })
  const bytes = (value) => {
    const power = value >= 2 ** 30 ? 3 : value >= 2 ** 20 ? 2 : value >= 2 ** 10 ? 1 : 0
    return `${number(power === 3 ? 2 : 0)(value / 1024 ** power)} ${['B', 'KiB', 'MiB', 'GiB'][power]}`
  }
  const duration = (ms) => (ms >= 1000 ? `${number(2)(ms / 1000)} s` : `${number(ms < 10 ? 1 : 0)(ms)} ms`)
  const formats = {
    bytes,
    ms: duration,
    count: number(1),
    'per second': (value) => `${number(1)(value)}/s`,
    percent: (value) => `${number(0)(value)} %`,
    CPUs: number(2),
  }
  const at = (ms) => `${ms < 0 ? '-' : '+'}${(Math.abs(ms) / 1000).toFixed(1)} s`

  /** Bars stand on those before them: what is drawn is the sum, what is told is the value. */
  function stack(series) {
    const sums = []
    return series.map(({ shape, values }) => {
      if (shape !== 'bars') return values
      return values.map((value, index) => {
        sums[index] = (sums[index] ?? 0) + (value ?? 0)
        return sums[index]
      })
    })
  }

  /** Series of one chart on all of their times together; uPlot takes what is missing there for no gap, and null for one. */
  function join(series, values) {
    return uPlot.join(series.map(({ timesMs }, index) => [timesMs.map((ms) => ms / 1000), values[index]]))
  }

  /** The nearest figure of a series beside the cursor, if there is one nearby. */
  function nearest(index, column, told) {
    const values = told[column] ?? []
    const times = told[0]
    const reach = (axis.toMs - axis.fromMs) / 1000 / 60
    for (let step = 0; step < times.length; step++) {
      const [before, after] = [index - step, index + step]
      const near = [before, after].filter(
        (i) => Math.abs((times[i] ?? Number.POSITIVE_INFINITY) - times[index]) <= reach,
      )
      if (near.length === 0) break
      const found = near.find((i) => values[i] !== undefined)
      if (found !== undefined) return found
    }
    return index
  }

  function optionsOf(chart, told, width) {
    const format = formats[chart.unit]
    const isNarrow = width < 480
    const font = `${isNarrow ? 11 : 12}px system-ui, "DejaVu Sans", sans-serif`
    const line = { stroke: () => colour('dim'), font, ticks: { show: false } }
    const series = [...chart.series.keys()].map((index) => {
      const { label, colour: name, dashed, shape } = chart.series[index]
      const isBars = shape === 'bars'
      return {
        label,
        stroke: () => colour(name),
        fill: isBars ? () => colour(name) : undefined,
        width: isBars ? 0 : 1.75,
        dash: dashed ? [6, 4] : undefined,
        paths: isBars ? uPlot.paths.bars({ size: [1], align: 1, gap: 1 }) : shape === 'points' ? () => null : undefined,
        points: shape === 'points' ? { show: true, size: 5, fill: () => colour(name) } : { show: false },
        value: (_, __, ___, i) => {
          const value = i === null || i === undefined ? null : told[index + 1][i]
          return value === null || value === undefined ? '–' : format(value)
        },
      }
    })
    return {
      width,
      height: 190,
      padding: [16, 8, 0, 0],
      series: [
        { label: 'moment', value: (_, value) => (value === null ? '' : at(value * 1000)) },
        ...drawnOrder(series, chart),
      ],
      scales: {
        x: { time: false, auto: false, min: fullRange[0], max: fullRange[1] },
        y: {
          distr: chart.logarithmic ? 3 : 1,
          range: chart.logarithmic
            ? (_, low, high) => uPlot.rangeLog(Math.max(low ?? 1, 0.1), Math.max(high ?? 10, 1), 10, true)
            : (_, __, high) => [0, roomAbove(Math.max(high ?? 0, ...(chart.levels ?? []).map(({ value }) => value)))],
        },
      },
      axes: [
        {
          ...line,
          grid: { stroke: () => colour('line'), width: 1 },
          size: 26,
          space: isNarrow ? 60 : 90,
          values: (_, seconds) => seconds.map((value) => `${value < 0 ? '' : '+'}${value} s`),
        },
        {
          ...line,
          grid: { stroke: () => colour('line'), width: 1, ...(chart.logarithmic && { filter: powersOfTen }) },
          size: 68,
          space: 30,
          ...(chart.logarithmic && { filter: powersOfTen }),
          ...(chart.unit === 'bytes' ? { incrs: byteSteps } : chart.unit === 'count' ? { incrs: wholeSteps } : {}),
          values: (_, values) => values.map((value) => (value === null ? '' : format(value))),
        },
      ],
      cursor: {
        sync: { key: 'run', scales: ['x', null] },
        y: false,
        drag: { x: true, y: false },
        bind: { dblclick: () => () => showAll() },
        points: { size: 7 },
        dataIdx: (_, column, index) => (column === 0 ? index : nearest(index, toldColumn(chart, column), told)),
      },
      hooks: { draw: [(plot) => drawLevels(plot, chart), drawMarks], setCursor: [follow] },
    }
  }

  const fullRange = [axis.fromMs / 1000, axis.toMs / 1000]
  const byteSteps = Array.from({ length: 44 }, (_, power) => 2 ** power)
  const wholeSteps = Array.from({ length: 9 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat()
  const powersOfTen = (_, splits) => splits.map((value) => (Number.isInteger(Math.log10(value)) ? value : null))
  const roomAbove = (high) => (high === null || high === undefined || high <= 0 ? 1 : high * 1.08)

  /** Stacked bars are drawn from the highest sum down, so that the lower ones stay visible. */
  function drawnOrder(series, chart) {
    const bars = series.filter((_, index) => chart.series[index]?.shape === 'bars')
    const others = series.filter((_, index) => chart.series[index]?.shape !== 'bars')
    return [...bars.reverse(), ...others]
  }

  /** Where a drawn series stands among those of the chart: the bars were turned round. */
  function toldColumn(chart, column) {
    return drawnOrder([...chart.series.keys()], chart)[column - 1] + 1
  }

  /** Straight lines across, each with its name at its left end. */
  function drawLevels(plot, { levels = [] }) {
    const { ctx, bbox } = plot
    for (const { label, colour: name, value } of levels) {
      const y = Math.round(plot.valToPos(value, 'y', true))
      ctx.save()
      ctx.strokeStyle = ctx.fillStyle = colour(name)
      ctx.lineWidth = devicePixelRatio
      ctx.setLineDash([2, 3].map((length) => length * devicePixelRatio))
      ctx.beginPath()
      ctx.moveTo(bbox.left, y)
      ctx.lineTo(bbox.left + bbox.width, y)
      ctx.stroke()
      ctx.font = `${11 * devicePixelRatio}px system-ui, "DejaVu Sans", sans-serif`
      ctx.textAlign = 'left'
      ctx.textBaseline = 'top'
      ctx.fillText(label, bbox.left + 4 * devicePixelRatio, y + 3 * devicePixelRatio)
      ctx.restore()
    }
  }

  const nameOf = (ms) => axis.marks.find(({ atMs }) => Math.abs(atMs - ms) < 50)?.label ?? 'evidence'

  function drawMarks(plot) {
    const { ctx, bbox } = plot
    const draw = (ms, name, label, dash) => {
      const x = Math.round(plot.valToPos(ms / 1000, 'x', true))
      if (x < bbox.left || x > bbox.left + bbox.width) return
      const ratio = devicePixelRatio
      ctx.save()
      ctx.strokeStyle = ctx.fillStyle = colour(name)
      ctx.lineWidth = 1.5 * ratio
      ctx.setLineDash(dash.map((length) => length * ratio))
      ctx.beginPath()
      ctx.moveTo(x, bbox.top)
      ctx.lineTo(x, bbox.top + bbox.height)
      ctx.stroke()
      ctx.font = `${11 * ratio}px system-ui, "DejaVu Sans", sans-serif`
      const isRight = x > bbox.left + bbox.width / 2
      ctx.textAlign = isRight ? 'right' : 'left'
      ctx.textBaseline = 'alphabetic'
      ctx.fillText(label, x + (isRight ? 2 : -2) * ratio, bbox.top - 4 * ratio)
      ctx.restore()
    }
    const taken = pinnedMs === null ? null : plot.valToPos(pinnedMs / 1000, 'x')
    for (const mark of axis.marks) {
      // Two labels in one place cannot be read.
      const isFree = taken === null || Math.abs(taken - plot.valToPos(mark.atMs / 1000, 'x')) > 110
      draw(mark.atMs, mark.colour, isFree ? mark.label : '', [])
    }
    if (pinnedMs !== null) draw(pinnedMs, 'link', `${nameOf(pinnedMs)} ${at(pinnedMs)}`, [4, 3])
  }

  /** The slider goes where the pointer is. */
  function follow(plot) {
    if (isOwnMove || plot.cursor.left < 0 || !slider) return
    show(plot.posToVal(plot.cursor.left, 'x') * 1000)
  }

  function show(ms) {
    slider.value = ms
    moment.textContent = at(ms)
    slider.setAttribute('aria-valuetext', at(ms))
  }

  function moveTo(ms) {
    isOwnMove = true
    for (const { plot } of plots) {
      const left = plot.valToPos(ms / 1000, 'x')
      plot.setCursor({ left, top: 10 }, true, false)
    }
    isOwnMove = false
    if (slider) show(ms)
  }

  function showAll() {
    for (const { plot } of plots) plot.setScale('x', { min: fullRange[0], max: fullRange[1] })
    return null
  }

  function redraw() {
    for (const { plot } of plots) plot.redraw(false)
  }

  for (const chart of charts) {
    const place = document.querySelector(`[data-chart="${CSS.escape(chart.id)}"]`)
    if (!place) continue
    const told = join(
      chart.series,
      chart.series.map(({ values }) => values),
    )
    const [times, ...drawn] = join(chart.series, stack(chart.series))
    const plot = new uPlot(optionsOf(chart, told, place.clientWidth), [times, ...drawnOrder(drawn, chart)], place)
    plots.push({ place, plot })
  }

  const fit = () => {
    for (const { place, plot } of plots) {
      if (place.clientWidth > 0 && place.clientWidth !== plot.width)
        plot.setSize({ width: place.clientWidth, height: 190 })
    }
  }
  new ResizeObserver(fit).observe(document.body)

  slider?.addEventListener('input', () => moveTo(Number(slider.value)))

  for (const link of document.querySelectorAll('a[data-at]')) {
    link.addEventListener('click', () => {
      pinnedMs = Number(link.dataset.at)
      showAll() // the moment may lie outside of what is zoomed to
      redraw()
      moveTo(pinnedMs)
    })
  }

  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw)

  // Paper is white, and narrower than most screens.
  const printing = (isPrinting) => {
    document.documentElement.toggleAttribute('data-print', isPrinting)
    for (const { place, plot } of plots) {
      plot.setSize({
        width: isPrinting ? Math.min(640, plot.width) : place.clientWidth,
        height: isPrinting ? 150 : 190,
      })
    }
    redraw()
  }
  addEventListener('beforeprint', () => printing(true))
  addEventListener('afterprint', () => printing(false))
})()
