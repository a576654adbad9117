import type { Claim, Option } from '../harness/scenario.ts'

type Flags = Readonly<Record<string, string>>

/** An option that the two forms of high-load take with the same flags, unless the quick one has its own. */
function change(
  name: string,
  what: string,
  flags: Flags,
  expected: Option['expected'],
  quickFlags: Flags = flags,
): Option {
  return {
    name,
    what,
    run: { scenario: 'high-load', flags },
    quick: { scenario: 'high-load-quick', flags: quickFlags },
    expected,
  }
}

const report = (words: string, ...claims: Claim[]): Option['expected'] => ({ by: 'the report', words, claims })
const us = (words: string, ...claims: Claim[]): Option['expected'] => ({ by: 'us', words, claims })

/**
 * The report's options, with what each mixes taken apart, and further cures. What we expect of those was written down before
 * the first run, from the mechanism: writers that need CPU time for each event, clients that do not wait for them.
 */
export const options: readonly Option[] = [
  change('as-reported', 'nothing', {}, report('DataStorage crashes', 'crashes')),
  change(
    'load-first',
    'the load, then the 15 audit tests: the report\'s "before"',
    { checks: 'after-load' },
    report('none of the 15 audit tests passes', 'crashes', 'checks fail'),
  ),
  change(
    'A',
    'the load last, after the 15 audit tests',
    { checks: 'before-load' },
    report('all 15 audit tests pass', 'checks pass'),
  ),
  {
    ...change('B', 'more memory and a second CPU', {}, report('the load passes without a crash', 'survives')),
    run: { scenario: 'more-memory', flags: {} },
    quick: { scenario: 'high-load-quick', flags: { memory: '2g', cpus: '2' } },
  },
  change(
    'B-memory',
    'of B the memory alone',
    { memory: '4g' },
    us('survives, and clients give most events up', 'survives'),
    {
      memory: '2g',
    },
  ),
  change(
    'B-cpu',
    'of B the second CPU alone',
    { cpus: '2' },
    us('the half of B that cures', 'survives', 'loses nothing'),
  ),
  {
    ...change('C', '20 RRs each 2 s', {}, report('the load passes; "may not test true concurrency"', 'survives')),
    run: { scenario: 'rate-limited', flags: {} },
    quick: { scenario: 'high-load-quick', flags: { pace: '20/400ms' } },
  },
  {
    ...change('D', '1,000 RRs, 8 GiB: a performance tier', {}, report('"realistic production load"; no outcome')),
    run: { scenario: 'performance', flags: {} },
    quick: { scenario: 'high-load-quick', flags: { rrs: '1000', memory: '2g' } },
  },
  change(
    'abandoned',
    'the service drops what no client waits for',
    { abandoned: 'drop' },
    us('no work in vain: survives', 'survives'),
  ),
  // A client waits for as long as 47 events take: half of that leaves room for an hour in which they take longer.
  change(
    'backlog',
    '429 with Retry-After beyond 20 requests, honoured by the client',
    { 'max-backlog': '20', 'on-busy': 'wait' },
    us('nobody waits for longer than a client does: survives, loses nothing', 'survives', 'loses nothing'),
  ),
  change('bulk', 'insert in bulk', { insert: 'bulk' }, us('no cure: CPU is short, not round trips', 'crashes')),
  change(
    'retries',
    '2 attempts instead of 3, with jitter',
    { attempts: '2', 'retry-jitter': '0.5' },
    us('a smaller storm: survives, loses events', 'survives'),
  ),
  change('no-retry', '1 attempt instead of 3', { attempts: '1' }, us('no storm: survives, loses events', 'survives')),
  change(
    'acquire',
    'a bound on waiting for a connection',
    { 'acquire-timeout': '500ms' },
    us('no cure: the pool is never full', 'crashes'),
    { 'acquire-timeout': '100ms' },
  ),
  change(
    'idempotency',
    'an idempotency key for each batch',
    { idempotency: 'on' },
    us('crashes all the same, stores nothing twice', 'crashes', 'stores nothing twice'),
  ),
  change(
    'together',
    'backlog, abandoned and idempotency',
    { 'max-backlog': '20', 'on-busy': 'wait', abandoned: 'drop', idempotency: 'on' },
    us('cures, at 2 GiB and 1 CPU', 'survives', 'loses nothing', 'stores nothing twice'),
  ),
]
