/**
 * How long it takes to account for 1,000,000 events, and in how much memory: read from a record as runs leave it, in both
 * shapes that a load has. The records are made up; a process of its own writes them, and another one reads each.
 */
import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { cp, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { recordFiles } from '../../record.ts'
import { judgeRun } from '../../run.ts'
import { createWorkFolder } from '../../work-folder.ts'
import { accountRecord } from '../accounting.ts'

const events = Number(process.env.CULPRIT_BENCH_EVENTS ?? 1_000_000)
const overMs = 600_000
const fixture = join(import.meta.dirname, '..', '..', 'fixtures', 'high-load-quick-v1')

/** Events of a client, and events in a request. */
const shapes = {
  'one client, 1,000 events in a request': [events, 1_000],
  'a client for each RR, one event in a request': [3, 1],
} as const
type Shape = keyof typeof shapes

/** Every eighth request times out and is sent again; every 50th of those is given up. */
function* sampleLines(shape: Shape) {
  const [ofClient, ofRequest] = shapes[shape]
  let sent = 0
  const line = (client: string, firstEvent: number, count: number, attempt: number) => {
    const intendedMs = (sent++ * ofRequest * overMs) / events
    const isLate = attempt === 1 && sent % 8 === 0
    const failure = isLate ? { errorClass: 'timeout', code: 'UND_ERR_HEADERS_TIMEOUT', message: 'late' } : null
    const what = { phase: 'load', operation: 'write-batch', client, firstEvent, events: count, attempt }
    const times = { intendedMs, startedMs: intendedMs + 0.2, endedMs: intendedMs + 5 }
    const end = { outcome: isLate ? 'unknown' : 'ok', status: isLate ? null : 201, failure }
    return [isLate, `${JSON.stringify({ kind: 'attempt', t: intendedMs, ...what, ...times, ...end })}\n`] as const
  }
  for (let from = 0; from < events; from += ofClient) {
    const client = `rr-${from / ofClient}`
    for (let firstEvent = 0; firstEvent < ofClient; firstEvent += ofRequest) {
      const [isLate, text] = line(client, firstEvent, ofRequest, 1)
      yield text
      if (!isLate) continue
      if (sent % 400 > 0) yield line(client, firstEvent, ofRequest, 2)[1]
      else yield `${JSON.stringify({ kind: 'drop', t: 1, client, firstEvent, events: ofRequest, why: 'rejected' })}\n`
    }
    yield `${JSON.stringify({ kind: 'client', t: overMs, client, emitted: ofClient, unfinished: 0, jsonBytes: 1 })}\n`
  }
}

function* storedLines(shape: Shape) {
  const [ofClient] = shapes[shape]
  for (let from = 0; from < events; from += ofClient) {
    const copies = Array.from({ length: ofClient }, (_, event) => ((from + event) % 9 === 0 ? 2 : 1))
    yield `${JSON.stringify({ kind: 'stored', t: overMs, client: `rr-${from / ofClient}`, copies })}\n`
  }
  yield `${JSON.stringify({ kind: 'stored-end', t: overMs, rows: events })}\n`
  yield `${JSON.stringify({ kind: 'queued-end', t: overMs, entries: 0 })}\n`
}

async function writeRecord(dir: string, shape: Shape): Promise<void> {
  await cp(fixture, dir, { recursive: true })
  await pipeline(sampleLines(shape), createWriteStream(join(dir, recordFiles.samples)))
  await pipeline(storedLines(shape), createWriteStream(join(dir, recordFiles.stored)))
}

async function measure(dir: string, what: string): Promise<void> {
  const fromMs = performance.now()
  const cpu = process.cpuUsage()
  const sum = what === 'accounted for' ? await accountRecord(dir) : (await judgeRun(dir)).accounting
  const tookS = (performance.now() - fromMs) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  const { emitted, acknowledged, stored, storedMoreThanOnce, lost } = sum
  const count = (n: number | null | undefined) => (n ?? Number.NaN).toLocaleString('en')
  const mib = (process.resourceUsage().maxRSS / 1_024).toFixed(0)
  console.log(
    `  ${what.padEnd(15)}${tookS.toFixed(1)} s (${((user + system) / 1e6).toFixed(1)} s of CPU), ${mib} MiB at most, Node included`,
  )
  console.log(
    `                 ${count(emitted)} emitted, ${count(acknowledged)} acknowledged, ${count(stored)} stored, ${count(storedMoreThanOnce)} more than once, ${count(lost)} lost`,
  )
}

const [, program = '', job, dir = '', shape] = process.argv
if (job === 'write') await writeRecord(dir, shape as Shape)
else if (job) await measure(dir, job)
else {
  for (const one of Object.keys(shapes)) {
    await using folder = await createWorkFolder()
    const { path } = folder
    const run = async (...words: string[]) =>
      process.stdout.write((await promisify(execFile)(process.execPath, [program, ...words])).stdout)
    await run('write', path, one)
    const size = ((await stat(join(path, recordFiles.samples))).size / 2 ** 20).toFixed(0)
    console.log(`${events.toLocaleString('en')} events, ${one} (${size} MiB of samples)`)
    await run('accounted for', path)
    await run('judged', path)
  }
}
