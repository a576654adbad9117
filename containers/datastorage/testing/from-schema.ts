/** Random values out of the OpenAPI document's schemas: those that fit, and those that nearly do. */
import fc from 'fast-check'
import { openapi } from '../contract.ts'

/** The part of JSON Schema that the document uses. */
export interface Schema {
  $ref?: string
  type?: string | readonly string[]
  enum?: readonly unknown[]
  const?: unknown
  format?: string
  pattern?: string
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  minItems?: number
  items?: Schema
  anyOf?: readonly Schema[]
  required?: readonly string[]
  properties?: Readonly<Record<string, Schema>>
}

const dayMs = 86_400_000

/** A schema with its reference followed; what stands beside the reference goes on top. */
export function resolve({ $ref, ...beside }: Schema): Schema {
  if ($ref === undefined) return beside
  const target = $ref
    .split('/')
    .slice(1)
    .reduce<unknown>((node, key) => Reflect.get(Object(node), key), openapi)
  return { ...resolve(target as Schema), ...beside }
}

/** Values that fit the schema, and that the database takes: its partitions cover these times. */
export function fitting(unresolved: Schema): fc.Arbitrary<unknown> {
  const schema = resolve(unresolved)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.anyOf) {
    const { anyOf, ...rest } = schema
    return fc.oneof(...anyOf.map((one) => fitting({ ...rest, ...one })))
  }
  return fc.oneof(...[schema.type ?? 'object'].flat().map((type) => ofType(type, schema)))
}

function ofType(type: string, schema: Schema): fc.Arbitrary<unknown> {
  switch (type) {
    case 'null':
      return fc.constant(null)
    case 'integer':
      return fc.integer({ min: schema.minimum, max: schema.maximum })
    case 'array':
      return fc.array(fitting(schema.items ?? {}), { minLength: schema.minItems, maxLength: 5 })
    case 'string':
      return texts(schema)
    default:
      return objects(schema)
  }
}

function texts({ format, pattern, minLength, maxLength }: Schema): fc.Arbitrary<string> {
  if (format === 'uuid') return fc.uuid()
  if (format === 'date-time') return times()
  const matches = new RegExp(pattern ?? '', 'u')
  if (pattern?.startsWith('^[0-9]')) return fc.stringMatching(new RegExp(pattern))
  // `binary`: any code point, of which the schema counts as many as it allows.
  return fc.string({ unit: 'binary', minLength, maxLength }).filter((text) => matches.test(text))
}

function times(): fc.Arbitrary<string> {
  const range = { min: new Date(Date.now() - 20 * dayMs), max: new Date(Date.now() + 20 * dayMs), noInvalidDate: true }
  const zone = fc.constantFrom('Z', '+00:00', '-11:30', '+14:00')
  return fc.tuple(fc.date(range), zone).map(([date, zone]) => date.toISOString().replace('Z', zone))
}

function objects({ properties, required }: Schema): fc.Arbitrary<unknown> {
  if (!properties) return fc.dictionary(storableText, fc.jsonValue({ maxDepth: 5 }))
  const model = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, fitting(schema)]))
  return fc.record(model, { requiredKeys: [...(required ?? [])] })
}

const storableText = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0'))

/** JSON texts of any kind: nested too deep, too long, numbers beyond everything, characters that do not exist. */
export const anyJson: fc.Arbitrary<string> = fc.oneof(
  fc.jsonValue({ stringUnit: 'binary' }).map((value) => JSON.stringify(value)),
  fc.double().map((value) => JSON.stringify(value)),
  fc.constantFrom('1e999', '-1e400', '9'.repeat(400), '1.5', '-0', '"\\u0000"', '"\\ud800"', '"2016-12-31T23:59:60Z"'),
  fc.constantFrom(
    '"0000-01-01T00:00:00Z"',
    '"9999-12-31T23:59:59Z"',
    '"2001-01-01T00:00:00Z"',
    '""',
    '{}',
    '[]',
    'null',
  ),
  fc.integer({ min: 1, max: 3_000 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
  fc.integer({ min: 1, max: 3_000 }).map((depth) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`),
  fc.integer({ min: 0, max: 20_000 }).map((length) => JSON.stringify('x'.repeat(length))),
)

/** A fitting object's JSON with one field left out, or replaced by anything; or with a field nobody knows. */
export function nearly(schema: Schema): fc.Arbitrary<string> {
  const names = Object.keys(resolve(schema).properties ?? {})
  const mark = '@@the replacement@@'
  return fc
    .tuple(fitting(schema), fc.constantFrom(...names, 'event_id', '__proto__', 'colour'), fc.option(anyJson))
    .map(([value, name, replacement]) => {
      const entries = Object.entries(value as object).filter(([key]) => key !== name)
      if (replacement === null) return JSON.stringify(Object.fromEntries(entries))
      const marked = JSON.stringify(Object.fromEntries([...entries, [name, mark]]))
      return marked.replace(JSON.stringify(mark), () => replacement)
    })
}
