/** Flags as they came: kebab-case name to text. A flag that may be repeated has one line for each time. */
export type RawFlags = Readonly<Record<string, string | undefined>>
