import autocannon, { type Options } from 'autocannon'
import type { ClosedLoad, NodeTool } from './tool.ts'

function optionsOf({ url, body, connections, durationMs }: ClosedLoad): Options {
  const headers = { 'content-type': 'application/json' }
  return { url, method: 'POST', headers, body, connections, duration: Math.round(durationMs / 1000) }
}

/** Node, closed loop; its rate corrects its latencies for what was sent late. */
export const autocannonTool: NodeTool = {
  kind: 'node',
  isQuick: true,
  name: 'autocannon',
  async saturate(load, isWarm) {
    await autocannon({ ...optionsOf(load), duration: load.warmUpMs / 1000 })
    isWarm()
    const { '2xx': requests, non2xx, errors, duration } = await autocannon(optionsOf(load))
    return { requests, failed: non2xx + errors, elapsedMs: duration * 1000 }
  },
  async pace(load) {
    const { latency, '2xx': count } = await autocannon({ ...optionsOf(load), overallRate: load.ratePerSec })
    return { p50: latency.p50, p90: latency.p90, p99: latency.p99, max: latency.max, count }
  },
}
