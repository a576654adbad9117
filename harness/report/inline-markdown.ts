/** Text from a service must not become markup, nor a picture from elsewhere: a report is read in tools that render it. */
export function inline(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/[|[\]\\]/g, '\\$&')
    .replaceAll(/\s*[\r\n]+\s*/g, ' ')
}
