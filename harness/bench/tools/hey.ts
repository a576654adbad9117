import { type ClosedLoad, find, findMs, type ProgramTool } from './tool.ts'

function args({ bodyFile, connections, durationMs }: ClosedLoad): string[] {
  const request = ['-m', 'POST', '-T', 'application/json', '-D', bodyFile]
  return ['-z', `${durationMs}ms`, '-c', String(connections), '-cpus', '1', '-t', '10', ...request]
}

/** Go, closed loop; its rate is one of each connection. */
export const hey: ProgramTool = {
  kind: 'program',
  name: 'hey',
  program: 'hey',
  debianPackage: 'hey',
  saturate: (load) => [...args(load), load.url],
  readPlayed(output) {
    const requests = find(output, /\[2\d\d\]\s+(\d+) responses/)
    const [, errors = ''] = /Error distribution:([\s\S]*)/.exec(output) ?? []
    const failed = [...errors.matchAll(/\[(\d+)\]/g)].reduce((sum, [, count]) => sum + Number(count), 0)
    return { requests, failed, elapsedMs: findMs(output, /Total:\s+([\d.]+) (sec)/) }
  },
  pace: (load) => [...args(load), '-q', String(load.ratePerSec / load.connections), load.url],
  readLatencies: (output) => ({
    p50: findMs(output, /50%+ in ([\d.]+) (sec)/),
    p90: findMs(output, /90%+ in ([\d.]+) (sec)/),
    p99: findMs(output, /99%+ in ([\d.]+) (sec)/),
    max: findMs(output, /Slowest:\s+([\d.]+) (sec)/),
    count: find(output, /\[2\d\d\]\s+(\d+) responses/),
  }),
}
