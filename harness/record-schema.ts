import { z } from 'zod'
import { probeLineSchema } from './probe-line.ts'
import { manifestSchema, recordFiles, schemaVersion, truthSchema } from './record.ts'
import { runEventSchema, sampleLineSchema, storedLineSchema } from './sample.ts'
import { verdictSchema } from './verdict.ts'

/** What each file of a record holds: one value for a JSON file, each line for an NDJSON file. */
export const recordSchemas = {
  [recordFiles.manifest]: manifestSchema,
  [recordFiles.truth]: truthSchema,
  [recordFiles.samples]: sampleLineSchema,
  [recordFiles.probes]: probeLineSchema,
  [recordFiles.events]: runEventSchema,
  [recordFiles.stored]: storedLineSchema,
  [recordFiles.verdict]: verdictSchema,
} as const

/** The published name of a file's schema, such as `results/schema/v1/run.schema.json`. */
export function schemaPath(file: keyof typeof recordSchemas): string {
  return `results/schema/v${schemaVersion}/${file.replace(/\.\w+$/, '')}.schema.json`
}

/** The JSON Schema (2020-12) of a file's value, or of each of its lines. Fields beyond those named are allowed. */
export function toJsonSchema(file: keyof typeof recordSchemas): object {
  const { $schema, ...rest } = z.toJSONSchema(recordSchemas[file], { io: 'input' })
  const what = file.endsWith('.ndjson') ? `one line of ${file}` : file
  return { $schema, $id: schemaPath(file), title: `Culprit: ${what}, schema version ${schemaVersion}`, ...rest }
}
