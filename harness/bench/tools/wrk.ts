import { writeFileSync } from 'node:fs'
import { type ClosedLoad, find, findMs, type ProgramTool } from './tool.ts'

function args({ url, bodyFile, connections, durationMs }: ClosedLoad): string[] {
  const script = `${bodyFile}.lua`
  writeFileSync(
    script,
    `wrk.method = "POST"
wrk.body = io.open(${JSON.stringify(bodyFile)}):read("*a")
wrk.headers["Content-Type"] = "application/json"
`,
  )
  // Its own limit of 2 s would count what a stall of 2 s holds up as an error, and leave it out.
  const options = ['--timeout', '10s', '--latency', '-s', script]
  return ['-t1', `-c${connections}`, `-d${Math.round(durationMs / 1000)}s`, ...options, url]
}

/** C, closed loop, no rate. */
export const wrk: ProgramTool = {
  kind: 'program',
  name: 'wrk',
  program: 'wrk',
  debianPackage: 'wrk',
  saturate: args,
  readPlayed(output) {
    const requests = find(output, /(\d+) requests in/)
    const not2xx = find(output, /Non-2xx or 3xx responses: (\d+)/)
    const socketErrors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output) ?? []
    const failed = socketErrors.slice(1).reduce((sum, count) => sum + Number(count), not2xx)
    return { requests: requests - not2xx, failed, elapsedMs: findMs(output, /requests in ([\d.]+)(ms|s|m)/) }
  },
  pace: args,
  readLatencies: (output) => ({
    p50: findMs(output, /50%\s+([\d.]+)(us|ms|s)/),
    p90: findMs(output, /90%\s+([\d.]+)(us|ms|s)/),
    p99: findMs(output, /99%\s+([\d.]+)(us|ms|s)/),
    max: findMs(output, /Latency\s+\S+\s+\S+\s+([\d.]+)(us|ms|s)/),
    count: find(output, /(\d+) requests in/),
  }),
}
