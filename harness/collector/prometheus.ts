/** One sample of a Prometheus text page: `name{label="value"} 12`. */
const sampleLine = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/

/**
 * Reads metrics of the Prometheus text format 0.0.4. Returns a look-up: the sum over all series of a name that carry the
 * wanted label text, or `null` where there is none.
 */
export function readMetrics(text: string): (name: string, label?: string) => number | null {
  const series: { name: string; labels: string; value: number }[] = []
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue
    const [, name, labels = '', value] = sampleLine.exec(line) ?? []
    if (name && Number.isFinite(Number(value))) series.push({ name, labels, value: Number(value) })
  }
  return (name, label = '') => {
    const found = series.filter((one) => one.name === name && one.labels.includes(label))
    return found.length === 0 ? null : found.reduce((sum, one) => sum + one.value, 0)
  }
}
