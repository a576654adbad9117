/** What PostgreSQL's jsonb can hold and give back unchanged, which is less than JSON can say. */

/** Whether a parsed JSON value is at most `maxDepth` levels deep, with texts and numbers that survive being stored. */
export function isStorable(maxDepth: number, value: unknown): boolean {
  if (typeof value === 'string') return isStorableText(value)
  // JSON can say 1e999, which JavaScript reads as Infinity and would write as null.
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return true
  if (maxDepth === 0) return false
  if (Array.isArray(value)) return value.every((item) => isStorable(maxDepth - 1, item))
  return Object.entries(value).every(([key, item]) => isStorableText(key) && isStorable(maxDepth - 1, item))
}

// Neither a NUL character nor half of a surrogate pair exists in PostgreSQL's UTF-8.
function isStorableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}
