/**
 * Characters that act on whoever shows them, instead of being shown: control characters but the line feed and the tab,
 * those that turn the direction of text around, and line separators that are none to JSON.
 */
const acting = /(?![\n\t])\p{Cc}|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]|\p{Cs}/gu

/** A copy whose texts, however deep, show such characters as `\u001b`: a record quotes what a service said. */
export function inert<T>(value: T): T {
  if (typeof value === 'string') return value.replace(acting, escaped) as T
  if (Array.isArray(value)) return value.map(inert) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [inert(key), inert(one)])) as T
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
