import { stripVTControlCharacters } from 'node:util'
import { afterEach, expect, test, vi } from 'vitest'
import type { Verdict } from '../verdict.ts'
import { renderJunit } from './junit.ts'
import { renderMarkdown } from './markdown.ts'
import { renderSummary } from './terminal.ts'
import { crash, manifest } from './verdict.fixture.ts'
import { nextCommand } from './words.ts'

const options = {
  dir: 'results/runs/x',
  replay: 'npm run scenario high-load -- --memory 2g --seed 1',
  stream: process.stdout,
}
const plain = (verdict: Verdict, made = manifest) => stripVTControlCharacters(renderSummary(verdict, made, options))

test('the summary of a crash fits one screen of 80 columns and tells the chain first, in the order of events', () => {
  const lines = plain(crash).split('\n')
  expect(lines.length).toBeLessThanOrEqual(40)
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80)
  const text = lines.join('\n')
  expect(text).toContain('CRASHED at +33.7 s. The kernel killed DataStorage at its memory limit')
  const places = [
    'trigger   CPU too small',
    'amplifier retry storm',
    'death     memory limit',
    'batch blocked',
    'outside kill',
  ]
  const found = places.map((place) => text.indexOf(place))
  expect(found.every((at) => at > 0)).toBe(true)
  expect(found).toEqual([...found].sort((a, b) => a - b))
})

test('the summary says what was measured, what was lost, and what is not known', () => {
  const text = plain(crash).replaceAll(/\s+/g, ' ')
  expect(text).toMatch(/reset \+1\.0 s \+33\.8 s 21 \+1 s .* timeout \+5\.6 s \+33\.0 s 312 \+23 s .* death \+33\.7 s/)
  expect(text).toContain('peak 2 GiB of 2 GiB')
  expect(text).toContain('p50 4.10 s p95 5.00 s p99 5.00 s (from the intended start)')
  expect(text).toContain('300: 52 acknowledged, 246 dropped by the client, 240 stored, 75 more than once')
  expect(text).toContain('0 acknowledged and lost')
  expect(text).toContain('12 MiB (166 pending at the peak), 15,345 times its JSON of 820 B')
  expect(text).toContain('not known: batch blocked: no reading of writes')
  expect(text).toContain('it held (exit 0)')
})

test('a service that survived is told with its distance to the limits', () => {
  const text = plain({
    ...crash,
    outcome: 'survived',
    diedMs: null,
    memory: { ...crash.memory, peakBytes: 128 * 2 ** 20 },
    plausibility: { ...crash.plausibility, cpuUsedShare: 0.021, eventsPerRequest: 13.3 },
  }).replaceAll(/\s+/g, ' ')
  expect(text).toContain('requests/s of 13.3 events')
  expect(text).toContain('used 2.1 % of its CPU limit, at most 6.3 % of its memory limit, at most 2 of 25 connections')
  // Far from its limit, nothing has to be explained: a process grows for reasons of its own.
  expect(text).not.toContain('a pending event held')
})

test.each([
  ['per-rr', 0, '100 RRs, 300 events · seed 1'],
  ['shared', 0, '100 RRs, 300 events, one client · seed 1'],
  ['direct', 0.2, '100 RRs, 300 events, approvals in 20 %, one request each · seed 1'],
] as const)('the head names the emitter %s and approvals of %d', (emitter, approvalShare, head) => {
  const made = { ...manifest, load: { ...manifest.load, emitter, approvalShare } }
  const text = stripVTControlCharacters(renderSummary(crash, made, options))
  expect(text.replaceAll(/\s+/g, ' ')).toContain(`1 CPU · ${head}`)
})

test.each([
  ['results/runs/2026-11-23T07-06-27-high-load-quick-3815/report.html', /page +results\/runs\/\S+\/report\.html$/m],
  [`/tmp/${'x'.repeat(80)}/report.html`, /page +report\.html, beside the record$/m],
])('the summary names the page %s in one line', (page, line) => {
  const text = stripVTControlCharacters(renderSummary(crash, manifest, { ...options, page }))
  expect(text).toMatch(line)
  for (const shown of text.split('\n')) expect(shown.length, shown).toBeLessThanOrEqual(80)
})

test('events in the dead-letter queue are said', () => {
  const text = plain({ ...crash, accounting: { ...crash.accounting, inDeadLetterQueue: 4 } })
  expect(text.replaceAll(/\s+/g, ' ')).toContain('4 still in the dead-letter queue, 0 acknowledged and lost')
})

test.each([
  ['a starved CPU', crash, manifest, `${options.replay} --cpus 2`],
  [
    'a starved CPU where there is no second one',
    crash,
    { ...manifest, machine: { ...manifest.machine, cpus: 1 } },
    'npm run scenario high-load -- --memory 4096m --seed 1',
  ],
  [
    'a memory limit alone',
    { ...crash, chain: crash.chain.slice(2) },
    manifest,
    'npm run scenario high-load -- --memory 4096m --seed 1',
  ],
  ['no cause', { ...crash, chain: [] }, manifest, null],
])('after %s the next command asks for what ran short', (_, verdict, made, command) => {
  expect(nextCommand(verdict, made, options.replay)).toBe(command)
})

test('a limit that is no kernel limit, or not in force, is called that in both reports', () => {
  const watched = {
    ...crash,
    memory: { ...crash.memory, limiter: 'watchdog' },
    cpu: { limitCpus: 1, by: 'affinity' },
  } as const
  const unlimited = { ...watched, cpu: { limitCpus: null, by: 'nothing' } } as const
  expect(plain(watched).replaceAll(/\s+/g, ' ')).toContain(
    '2 GiB (user-space watchdog, not a kernel limit) · 1 CPU (pinned)',
  )
  expect(plain(watched).replaceAll(/\s+/g, ' ')).toContain('as the watchdog saw it')
  expect(renderMarkdown(watched, manifest)).toContain('1 CPU, by pinning: no quota, so nothing counts throttling')
  expect(plain(unlimited).replaceAll(/\s+/g, ' ')).toContain('1 CPU (NOT in force)')
  expect(renderMarkdown(unlimited, manifest)).toContain('1 CPU asked for, NOT in force')
})

test('what was sent late, or never, is said with its delay in both reports; what was not is not mentioned', () => {
  const sentLate = { count: 12, of: 300, allowedMs: 100, maxMs: 140, neverSent: 3 }
  const late = { ...crash, latency: { ...crash.latency, sentLate } }
  const words = '12 of 300 sent late, by up to 140 ms; 3 events due and never sent'
  expect(plain(late).replaceAll(/\s+/g, ' ')).toContain(`generator delay p99 0.6 ms; ${words}`)
  expect(renderMarkdown(late, manifest)).toContain(words)
  expect(plain(crash)).not.toContain('sent late')
})

test('how RRs arrive is said where it is not at once', () => {
  const arrivals = { kind: 'ramp', fromPerSec: 5, toPerSec: 50, overMs: 30_000 } as const
  const ramped = { ...manifest, load: { ...manifest.load, rrs: 825, arrivals } }
  expect(plain(crash, ramped).replaceAll(/\s+/g, ' ')).toContain('825 RRs, 2475 events (5 to 50 RRs/s over 30 s)')
  expect(renderMarkdown(crash, ramped)).toContain('(5 to 50 RRs/s over 30 s)')
})

test('what was not measured is said, not left out', () => {
  const text = plain({
    ...crash,
    memory: { limiter: null, limitBytes: null, peakBytes: null, baselineBytes: null, seriesBytes: [] },
    latency: { response: null, service: null, sendDelay: null },
    accounting: {
      ...crash.accounting,
      stored: null,
      storedMoreThanOnce: null,
      storedUnacknowledged: null,
      acknowledgedAndLost: null,
    },
  })
  expect(text).toMatch(/memory +not measured/)
  expect(text).toMatch(/response +none/)
  expect(text).toContain('limit not read back')
  expect(text.replaceAll(/\s+/g, ' ')).toContain('storage not read back')
})

afterEach(() => {
  vi.unstubAllEnvs()
})

test('colours follow the stream and NO_COLOR', () => {
  vi.stubEnv('FORCE_COLOR', '1')
  vi.stubEnv('NO_COLOR', undefined)
  expect(renderSummary(crash, manifest, options)).toContain('\u001b[')
  vi.stubEnv('FORCE_COLOR', undefined)
  vi.stubEnv('NO_COLOR', '1')
  expect(renderSummary(crash, manifest, options)).not.toContain('\u001b[')
})

test('report.md holds every prediction with its evidence and the way back to the record', () => {
  const text = renderMarkdown(crash, manifest)
  for (const { prediction } of crash.findings.flatMap((finding) => finding.observations))
    expect(text).toContain(prediction)
  expect(text).toContain('`probes.ndjson:7`')
  expect(text).toContain('- **trigger**: CPU too small, which led to the next: it began before')
  expect(text).toContain('Per second, reset: +1 s: 20, +33 s: 1.')
})

test('text from a service cannot become markup in report.md', () => {
  const [first, ...rest] = crash.findings
  if (!first) throw new Error('no finding')
  const hostile = { ...crash, findings: [{ ...first, because: '<script>alert(1)</script> | cell\nline' }, ...rest] }
  const text = renderMarkdown(hostile, manifest)
  expect(text).not.toContain('<script>')
  expect(text).toContain('\\| cell line')
})

test("what a service said cannot steer the terminal, nor break the machines' report", () => {
  const [first, ...rest] = crash.findings
  if (!first) throw new Error('no finding')
  const because = 'said \u001b[2J\u202e\u0007 <b>]]>&'
  const hostile = { ...crash, findings: [{ ...first, because }, ...rest] }
  expect(plain(hostile)).toContain('\\u001b[2J\\u202e\\u0007')
  const xml = renderJunit(hostile, manifest)
  expect(xml).toContain('\\u001b[2J')
  expect(xml).toContain('<b>]]]]><![CDATA[>&') // the end of a section is cut in two
})

test('the JUnit report fails where the expectation did not hold, and skips what was not settled', () => {
  const held = renderJunit(crash, manifest)
  expect(held).toMatch(/<testsuite [^>]*tests="6" [^>]*failures="0" [^>]*skipped="1"/)
  const broken = renderJunit({ ...crash, expectation: { ...crash.expectation, held: false } }, manifest)
  expect(broken).toMatch(/<testcase [^>]*name="expected: memory-limit">\s*<failure message=/)
  const unknown = renderJunit({ ...crash, expectation: { ...crash.expectation, held: null } }, manifest)
  expect(unknown).toMatch(/<testcase [^>]*name="expected: memory-limit">\s*<skipped/)
})

test('what ran the stack, and what its engine says, is shown beside the findings', () => {
  const event = { part: 'datastorage', exitCode: null, signal: null } as const
  const container = {
    part: 'datastorage',
    status: 'running',
    oomKilled: false,
    exitCode: null,
    restartCount: 1,
  } as const
  const verdict: Verdict = {
    ...crash,
    ranIn: {
      runtime: 'podman',
      version: '4.3.1',
      events: [
        { ...event, action: 'die', engineMs: 33_740, exitCode: 137 },
        { ...event, action: 'start', engineMs: 34_100 },
      ],
      containers: [container, { ...container, part: 'redis' }],
      doubts: ["OOMKilled of DataStorage is false, though the kernel's oom_kill rose: not trusted"],
    },
    timeline: {
      ...crash.timeline,
      startedAgainMs: [34_100],
      healthErrors: [
        { errorClass: 'refused', count: 3, firstMs: 33_800, lastMs: 34_000 },
        { errorClass: 'reset', count: 9, firstMs: 34_150, lastMs: 36_000 },
      ],
      healthBackMs: 36_200,
    },
  }
  const text = plain(verdict).replaceAll(/\s+/g, ' ')
  expect(text).toContain('high-load · Podman 4.3.1 · 2 GiB')
  expect(text).toContain('engine DataStorage: die (137) +33.7 s, start +34.1 s; 1 restart; OOMKilled false')
  expect(text).toContain("OOMKilled of DataStorage is false, though the kernel's oom_kill rose: not trusted")
  // The report's fourth phase: reset after refused.
  expect(text).toMatch(
    /by refused \+33\.8 s \+34\.0 s 3 .*started again \+34\.1 s .*by reset \+34\.1 s \+36\.0 s 9 \+43 s .*health back \+36\.2 s/,
  )
  expect(renderMarkdown(verdict, manifest)).toContain('| The engine says |')
  expect(plain(crash)).not.toContain('started again')
})

test('a pool that no variable of an image sets is no next command', () => {
  const subject = { kind: 'image', image: 'x', port: 1, readyPath: '/', env: [], mounts: [], schema: null } as const
  const full: Verdict = {
    ...crash,
    chain: [{ role: 'trigger', hypothesis: 'pool-exhaustion', leadsTo: null, because: null }],
  }
  const next = (knobs: Record<string, string>) =>
    nextCommand(full, { ...manifest, subject: { ...subject, knobs } }, options.replay)
  expect(next({ pool: 'DB_POOL' })).toContain('--pool 90')
  expect(next({})).toBeNull()
})

test('of a crash the summary names the command that diagnoses it; of a target, and of a survivor, there is none', () => {
  const at = (told: typeof crash, made = manifest) =>
    renderSummary(told, made, { dir: '/x/a-run', replay: 'again', stream: process.stdout })
  expect(at(crash)).toContain('npm run diagnose -- /x/a-run')
  expect(at({ ...crash, outcome: 'survived' })).not.toContain('diagnose')
  const subject = { kind: 'target' as const, url: 'http://127.0.0.1:1', readyPath: '/' }
  expect(at(crash, { ...manifest, subject })).not.toContain('diagnose')
})
