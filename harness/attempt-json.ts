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

/**
 * What JSON.stringify makes of an attempt, in half of the time: there is one for each request, and a generator that is busy
 * writing its record sends late. Words of the schema need no escaping, and all times are finite.
 */
export function attemptJson(line: Attempt): string {
  const { t, phase, operation, firstEvent, events, attempt, intendedMs, startedMs, endedMs, outcome, status } = line
  const retryAfter = line.retryAfterMs === undefined ? '' : `,"retryAfterMs":${line.retryAfterMs}`
  const failure = line.failure === null ? 'null' : JSON.stringify(line.failure)
  return `{"kind":"attempt","t":${t},"phase":"${phase}","operation":"${operation}","client":${nameJson(line.client)},"firstEvent":${firstEvent},"events":${events},"attempt":${attempt},"intendedMs":${intendedMs},"startedMs":${startedMs},"endedMs":${endedMs},"outcome":"${outcome}","status":${status}${retryAfter},"failure":${failure}}`
}
