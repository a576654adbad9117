import type { Attempt } from './sample.ts'

/** Clients' names as JSON: each is written once for every attempt of the client. */
const names = new Map<string, string>()
const mostNames = 10_000

function nameJson(name: string): string {
  let json = names.get(name)
  if (json === undefined) {
    json = JSON.stringify(name)
    if (names.size >= mostNames) names.clear()
    names.set(name, json)
  }
  return json
}

/** What follows the point, less its zeros at the end: `''`, `.001`, `.002` to `.999`. */
const thousandths = Array.from({ length: 1_000 }, (_, count) =>
  count === 0 ? '' : `.${String(count).padStart(3, '0').replace(/0+$/, '')}`,
)
/** So that its microseconds are whole to the last, and its milliseconds small: V8 keeps the text of such as it made before. */
const mostMs = 2 ** 30

/** A time in whole microseconds, as all are by the clock, is made of two texts that are there already. */
function timeJson(timeMs: number): string {
  const timeUs = Math.round(timeMs * 1_000)
  if (!(timeMs >= 0 && timeMs < mostMs && timeUs / 1_000 === timeMs)) return String(timeMs)
  const wholeMs = Math.floor(timeUs / 1_000)
  return `${wholeMs}${thousandths[timeUs - wholeMs * 1_000]}`
}

/** The last of each part that attempts have in common, and what it was made of: the next one's is mostly the same. */
let about = { phase: '', operation: '', client: '', json: '' }
let size = { events: 0, attempt: 0, json: '' }
let end = { outcome: '', status: 0 as number | null, json: '' }

function aboutJson({ phase, operation, client }: Attempt): string {
  if (client !== about.client || operation !== about.operation || phase !== about.phase) {
    const json = `,"phase":"${phase}","operation":"${operation}","client":${nameJson(client)},"firstEvent":`
    about = { phase, operation, client, json }
  }
  return about.json
}

function sizeJson({ events, attempt }: Attempt): string {
  if (events !== size.events || attempt !== size.attempt) {
    size = { events, attempt, json: `,"events":${events},"attempt":${attempt},"intendedMs":` }
  }
  return size.json
}

function endJson({ outcome, status, retryAfterMs, failure }: Attempt): string {
  if (failure !== null || retryAfterMs !== undefined) {
    const retryAfter = retryAfterMs === undefined ? '' : `,"retryAfterMs":${retryAfterMs}`
    return `,"outcome":"${outcome}","status":${status}${retryAfter},"failure":${JSON.stringify(failure)}}`
  }
  if (outcome !== end.outcome || status !== end.status) {
    end = { outcome, status, json: `,"outcome":"${outcome}","status":${status},"failure":null}` }
  }
  return end.json
}

/**
 * What JSON.stringify makes of an attempt, in a fifth of the time: there is one for each request, and a generator that is busy
 * writing its record sends late. Words of the schema need no escaping, and all times are finite.
 */
export function attemptJson(line: Attempt): string {
  const started = timeJson(line.startedMs)
  const began = line.t === line.startedMs ? started : timeJson(line.t)
  const ended = timeJson(line.endedMs)
  const request = `${aboutJson(line)}${line.firstEvent}${sizeJson(line)}${timeJson(line.intendedMs)}`
  return `{"kind":"attempt","t":${began}${request},"startedMs":${started},"endedMs":${ended}${endJson(line)}`
}
