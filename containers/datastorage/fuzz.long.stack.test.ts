// The contract test, out of the OpenAPI document: random requests, each answered as the document says, none with a 5xx.
// FUZZ_RUNS=100000 for a long run, FUZZ_SEED for another one. CONTRACT_URL tests a service that was started by hand.
import fc from 'fast-check'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { batchPath, documentId, eventsPath, openapi } from './contract.ts'
import { anyJson, fitting, nearly, type Schema } from './testing/from-schema.ts'
import { startDatabases, startRealService } from './testing/real-service.ts'
import { compileValidator } from './validation.ts'

const numRuns = Number(process.env.FUZZ_RUNS ?? 1_000)
const seed = Number(process.env.FUZZ_SEED ?? 1)
const answerLimitMs = 15_000
/** What Node and a heap that is not yet full may take. Bodies that were kept would be far more. */
const growthLimitBytes = 200 * 1024 * 1024

const stack = new AsyncDisposableStack()
const dispatcher = new Agent({ headersTimeout: answerLimitMs, bodyTimeout: answerLimitMs })
const given = process.env.CONTRACT_URL
let url = given ?? ''
let databases: Awaited<ReturnType<typeof startDatabases>>

beforeAll(async () => {
  if (!given) databases = stack.use(await startDatabases())
})
afterAll(async () => {
  await dispatcher.destroy()
  await stack.disposeAsync()
})

interface Sent {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH'
  path: string
  headers: Record<string, string>
  body?: string | Uint8Array
  /** What the answer has to be when the request fits the document. */
  expected?: number
}

const json = { 'content-type': 'application/json' }
const post = (path: string, body: string | Uint8Array, expected?: number): Sent => ({
  method: 'POST',
  path,
  headers: json,
  body,
  expected,
})
const paths = [eventsPath, batchPath] as const
const eventSchema: Schema = { $ref: '#/components/schemas/AuditEvent' }
/** No fitting parent is known beforehand: it would have to be the id of a stored event. */
const event = fitting(eventSchema).map((value) => ({ ...(value as object), parent_event_id: null }))
const parameters = openapi.paths[eventsPath].get.parameters as { name: string; schema: Schema }[]
const fittingQuery = fc.record(Object.fromEntries(parameters.map(({ name, schema }) => [name, fitting(schema)])), {
  requiredKeys: [],
})

function queryOf(query: object): string {
  return new URLSearchParams(
    Object.entries(query).map(([key, value]): [string, string] => [key, String(value)]),
  ).toString()
}

const find = (query: string, expected?: number): Sent => ({
  method: 'GET',
  path: `${eventsPath}?${query}`,
  headers: {},
  expected,
})

const requests: fc.Arbitrary<Sent> = fc.oneof(
  event.map((value) => post(eventsPath, JSON.stringify(value), 201)),
  fc.array(event, { minLength: 1, maxLength: 5 }).map((events) => post(batchPath, JSON.stringify(events), 201)),
  fittingQuery.map((query) => find(queryOf(query), 200)),
  nearly(eventSchema).map((body) => post(eventsPath, body)),
  fc.array(nearly(eventSchema), { maxLength: 4 }).map((bodies) => post(batchPath, `[${bodies.join(',')}]`)),
  fc.tuple(fc.constantFrom(...paths), anyJson).map(([path, body]) => post(path, body)),
  fc.tuple(fc.constantFrom(...paths), fc.uint8Array({ maxLength: 500 })).map(([path, body]) => post(path, body)),
  fc
    .tuple(fc.constantFrom(...paths), event, fc.uint8Array({ minLength: 1, maxLength: 3 }))
    .map(([path, value, junk]) => {
      const text = Buffer.from(JSON.stringify([value]))
      return post(path, Buffer.concat([text.subarray(0, text.length / 2), junk, text.subarray(text.length / 2)]))
    }),
  fc
    .tuple(fc.constantFrom(...parameters.map(({ name }) => name), 'x'), fc.string({ unit: 'binary', maxLength: 2_000 }))
    .map(([name, value]) => find(queryOf({ [name]: value }))),
  fc.webQueryParameters().map((query) => find(query)),
  fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH'),
    path: fc.oneof(
      fc.webPath().map((path) => `/${path}`),
      fc.constantFrom(...Object.keys(openapi.paths)),
    ),
    headers: fc.dictionary(fc.stringMatching(/^x-[a-z]{1,9}$/), fc.stringMatching(/^[ -~]{0,20000}$/), { maxKeys: 2 }),
  }),
  fc
    .tuple(fc.constantFrom(...paths), fc.stringMatching(/^[ -~]{0,50}$/), anyJson)
    .map(([path, type, body]): Sent => ({ method: 'POST', path, headers: { 'content-type': type }, body })),
) as fc.Arbitrary<Sent>

/** What is at a JSON pointer of the document. */
function at(place: string): unknown {
  const keys = place.split('/').slice(1)
  return keys.reduce<unknown>((node, key) => Reflect.get(Object(node), key.replaceAll('~1', '/')), openapi)
}

/** Says what is wrong with an answer, by the document. */
function objection(sent: Sent, status: number, type: string, text: string): string | undefined {
  if (status >= 500) return `${status}: ${text}`
  if (sent.expected && status !== sent.expected) return `fits the document, and was answered ${status}: ${text}`
  const [path = ''] = sent.path.split('?')
  const operation = `#/paths/${path.replaceAll('/', '~1')}/${sent.method.toLowerCase()}`
  const answer = at(`${operation}/responses/${status}`) as { $ref?: string } | undefined
  if (answer) return shapeObjection(answer.$ref ?? `${operation}/responses/${status}`, type, text)
  // Whatever is not in the document is unknown, or what no server takes.
  const refused = (at(operation) ? [400, 431] : [400, 404, 415, 431]).includes(status)
  return refused && type.includes('problem+json') ? undefined : `${status} is not documented: ${text}`
}

function shapeObjection(answer: string, type: string, text: string): string | undefined {
  const [media = ''] = type.split(';')
  const content = `${answer}/content/${media.replaceAll('/', '~1')}`
  if (!at(content)) return `${answer} came as ${type}`
  if (media === 'text/plain') return undefined
  const validate = validatorAt(`${documentId}${content}/schema`)
  return validate(JSON.parse(text)) ? undefined : `${JSON.stringify(validate.errors)}: ${text}`
}

const validators = new Map<string, ReturnType<typeof compileValidator>>()
function validatorAt($ref: string) {
  const known = validators.get($ref) ?? compileValidator({ schema: { $ref } })
  validators.set($ref, known)
  return known
}

async function memoryBytes(): Promise<number> {
  const text = await (await request(`${url}/metrics`, { dispatcher })).body.text()
  return Number(/^process_resident_memory_bytes (.*)$/m.exec(text)?.[1])
}

test.each(given ? ['as it was started'] : ['row', 'bulk'])(
  `${numRuns} random requests are answered as the document says, and memory stays flat: inserts by %s`,
  async (mode) => {
    if (!given) url = stack.use(await startRealService({ ...databases.env, DATASTORAGE_INSERT: mode })).url
    let done = 0
    let beforeBytes = 0
    await fc.assert(
      fc.asyncProperty(requests, async (sent) => {
        if (done++ === Math.floor(numRuns / 5)) beforeBytes = await memoryBytes()
        const { path, method, headers, body } = sent
        const answer = await request(`${url}${path}`, { dispatcher, method, headers, body })
        const type = String(answer.headers['content-type'] ?? '')
        expect(objection(sent, answer.statusCode, type, await answer.body.text())).toBeUndefined()
      }),
      { numRuns, seed },
    )
    expect((await memoryBytes()) - beforeBytes).toBeLessThan(growthLimitBytes)
  },
  30_000 + numRuns * 20,
)
