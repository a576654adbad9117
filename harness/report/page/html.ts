import { htmlEscape } from 'escape-goat'
import { inert } from '../inert.ts'

/** Markup that is safe to put into a page: made by `html` alone, or `trusted` by whoever wrote it. */
export class Html {
  readonly markup: string
  constructor(markup: string) {
    this.markup = markup
  }
}

export type Content = Html | string | number | null | undefined | false | readonly Content[]

/** Markup from a template: what is put in is escaped, unless it is markup itself. Attributes must stand in quotes. */
export function html(template: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(template.reduce((markup, part, index) => `${markup}${markupOf(contents[index - 1])}${part}`))
}

/** Our own text as it stands, such as a style sheet. Never what came from outside. */
export function trusted(markup: string): Html {
  return new Html(markup)
}

function markupOf(content: Content): string {
  if (content instanceof Html) return content.markup
  if (Array.isArray(content)) return content.map(markupOf).join('')
  if (content === null || content === undefined || content === false) return ''
  return htmlEscape(inert(String(content)))
}

/** A value as JSON inside of a script element, where `</script>` and `<!--` would end or change it. */
export function embedJson(value: unknown): Html {
  return trusted(JSON.stringify(inert(value)).replaceAll('<', '\\u003c'))
}
