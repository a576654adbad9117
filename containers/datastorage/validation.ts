/** Makes validators from the OpenAPI document's schemas. */
import { Ajv2020, type AnySchema, type Options, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { documentId, openapi } from './contract.ts'
import { isStorable } from './storable.ts'

function createAjv(options: Options): Ajv2020 {
  const ajv = new Ajv2020({ allowUnionTypes: true, strictTypes: false, ...options })
  formats.default(ajv)
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
