/**
 * How long a page takes that is made of a record of 1,000,000 samples: to be made, in how much memory, how large, and to be
 * opened in Chromium. The record is made up; its verdict is that of a real run.
 */
import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { cp, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { pipeline } from 'node:stream/promises'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { readManifest } from '../../evidence.ts'
import { recordFiles } from '../../record.ts'
import { judgeRun } from '../../run.ts'
import { createWorkFolder } from '../../work-folder.ts'
import { writeReports } from '../index.ts'
import { findChromium, launchChromium } from './browser.ts'

const samples = Number(process.env.CULPRIT_BENCH_SAMPLES ?? 1_000_000)
const overMs = 600_000
const fixture = join(import.meta.dirname, '..', '..', 'fixtures', 'high-load-quick-v1')

function* sampleLines() {
  for (let n = 0; n < samples; n++) {
    const intendedMs = (n * overMs) / samples
    const tookMs = 5 + ((n * 7919) % 4_000)
    const failure = n % 9 === 0 ? { errorClass: 'timeout', code: 'UND_ERR_HEADERS_TIMEOUT', message: 'late' } : null
    const attempt = { phase: 'load', operation: 'write-batch', client: `rr-${n % 1_000}`, firstEvent: n, events: 1 }
    const times = { attempt: 1, intendedMs, startedMs: intendedMs + 0.2, endedMs: intendedMs + tookMs }
    const end = { outcome: failure ? 'unknown' : 'ok', status: failure ? null : 201, failure }
    yield `${JSON.stringify({ kind: 'attempt', t: intendedMs, ...attempt, ...times, ...end })}\n`
  }
}

function* probeLines() {
  for (let t = -3_000; t < overMs; t += 10) {
    const sinceMs = t + 3_000
    const cpu = { cpuUsageMs: sinceMs, periods: sinceMs / 100, throttledPeriods: sinceMs / 200, throttledMs: 0 }
    const memory = { memoryBytes: 1e8 + 1_000 * t, memoryPeakBytes: 1e9, rssBytes: 1, oomKills: 0 }
    yield `${JSON.stringify({ kind: 'cgroup', t, ...memory, ...cpu })}\n`
    if (t % 250 !== 0) continue
    const requests = {
      requestsInProgress: 9,
      requestsAwaitingAnswer: 5,
      eventsPending: 7,
      poolInUse: 3,
      poolWaiting: 0,
    }
    yield `${JSON.stringify({ kind: 'service', t, ...requests })}\n`
    yield `${JSON.stringify({ kind: 'health', t, tookMs: 3, status: 200, failure: null })}\n`
  }
}

async function writeRecord(dir: string): Promise<void> {
  await cp(fixture, dir, { recursive: true })
  await pipeline(sampleLines(), createWriteStream(join(dir, recordFiles.samples)))
  await pipeline(probeLines(), createWriteStream(join(dir, recordFiles.probes)))
}

async function measureMaking(dir: string): Promise<void> {
  const [manifest, verdict] = [await readManifest(dir), await judgeRun(fixture)]
  const fromMs = performance.now()
  const cpu = process.cpuUsage()
  await writeReports(dir, manifest, verdict, { outlook: null, why: 'a bench' })
  const tookS = (performance.now() - fromMs) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  const sizeOf = async (file: string) => ((await stat(join(dir, file))).size / 2 ** 20).toFixed(2)
  console.log(`record     ${samples.toLocaleString('en')} samples, ${await sizeOf(recordFiles.samples)} MiB`)
  console.log(`made in    ${tookS.toFixed(2)} s, ${((user + system) / 1e6).toFixed(2)} s of CPU`)
  console.log(`memory     ${(process.resourceUsage().maxRSS / 1_024).toFixed(0)} MiB at most, Node included`)
  console.log(`page       ${await sizeOf(recordFiles.page)} MiB`)
}

async function measureOpening(page: string): Promise<void> {
  const chromium = findChromium()
  if (!chromium) return console.log('opened     not measured: there is no chromium on PATH')
  const browser = await launchChromium(chromium)
  try {
    const tab = await browser.newPage()
    await tab.goto('about:blank')
    const fromMs = performance.now()
    await tab.goto(pathToFileURL(page).href)
    await tab.locator('.plot canvas').last().waitFor()
    console.log(`opened in  ${((performance.now() - fromMs) / 1_000).toFixed(2)} s`)
  } finally {
    await browser.close()
  }
}

const [, program = '', target] = process.argv
if (target) {
  await writeRecord(target)
} else {
  await using folder = await createWorkFolder()
  const dir = folder.path
  // By a process of its own: what writing takes is not what reading takes.
  await promisify(execFile)(process.execPath, [program, dir])
  await measureMaking(dir)
  await measureOpening(join(dir, recordFiles.page))
}
