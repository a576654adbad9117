import { find, findMs, type ProgramTool } from './tool.ts'

/** C, closed loop, HTTP/1.1 here. */
export const h2load: ProgramTool = {
  kind: 'program',
  name: 'h2load',
  program: 'h2load',
  debianPackage: 'nghttp2-client',
  saturate({ url, bodyFile, connections, durationMs }) {
    const headers = ['-H', 'content-type: application/json']
    const durationS = String(Math.round(durationMs / 1000))
    return ['--h1', '-t1', '-c', String(connections), '-D', durationS, '-d', bodyFile, ...headers, url]
  },
  readPlayed(output) {
    const requests = find(output, /status codes: (\d+) 2xx/)
    const failed = find(output, /(\d+) failed/)
    return { requests, failed, elapsedMs: findMs(output, /finished in ([\d.]+)(us|ms|s|m)/) }
  },
}
