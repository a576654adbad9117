/** Makes validators from the OpenAPI document's schemas. */
import { Ajv2020, type AnySchema, type FormatDefinition, type Options, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { documentId, openapi } from './contract.ts'
import { isStorable } from './storable.ts'

// What nearly every timestamp looks like. The whole check, which all others get, is a third of an event's validation.
const usualTime = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?Z$/
const anyTime = formats.default.get('date-time') as FormatDefinition<string> & { validate: (text: string) => boolean }

function createAjv(options: Options): Ajv2020 {
  const ajv = new Ajv2020({ allowUnionTypes: true, strictTypes: false, ...options })
  formats.default(ajv)
  ajv.addFormat('date-time', { ...anyTime, validate: (text: string) => usualTime.test(text) || anyTime.validate(text) })
  ajv.addVocabulary(Object.keys(openapi))
  ajv.addKeyword({ keyword: 'x-storable-depth', type: 'object', validate: isStorable, errors: false })
  return ajv.addSchema(openapi, documentId)
}

// A body is what it is: with coercion, a single object would pass as an array, and 7 as a version. The first fault
// ends the validation: a batch of 10 MiB may have a million of them.
const bodies = createAjv({})
// A query string is all text: numbers have to be read out of it.
const queries = createAjv({ coerceTypes: true, useDefaults: true, allErrors: true })

/** A validator for a part of a request, as Fastify asks for it. */
export function compileValidator({ schema, httpPart }: { schema: unknown; httpPart?: string }): ValidateFunction {
  return (httpPart === 'querystring' ? queries : bodies).compile(schema as AnySchema)
}
