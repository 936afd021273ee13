import { MAX_BUG_FRAME_CHARS, MAX_BUG_FRAMES, MAX_BUG_TITLE_CHARS, MAX_BUG_URL_CHARS } from '#shared/limits.ts'
import { asFlag, asList, asNumber, asRecord, asText } from './json-value.ts'

/** What a new bug says of a crash. All of it is public: the processed crash is read as nobody in particular. */
export interface BugText {
  readonly title: string
  /** Markdown, which trackers that do not read it show well enough: an address, facts, and the first frames as code. */
  readonly description: string
  /** What a product's `url_template` may name, beside `title` and `description`. */
  readonly variables: Readonly<Record<string, string>>
}

export function bugText(crash: Readonly<Record<string, unknown>>, reportUrl: string): BugText {
  const signature = asText(crash.signature) ?? '(no signature)'
  const kind = asText(crash.report_type) === 'hang' ? 'Hang' : 'Crash'
  const title = cut(`${kind} in [@ ${signature}]`, MAX_BUG_TITLE_CHARS)
  const facts = [
    ['Crash report', reportUrl],
    ['Crash reason', asText(crash.moz_crash_reason) ?? asText(crash.reason)],
    ['Product', [asText(crash.product), asText(crash.version)].filter((part) => part !== null).join(' ') || null],
  ]
  const frames = framesText(crash)
  const description = [
    ...facts.flatMap(([name, value]) => (value === null || value === undefined ? [] : [`${name}: ${value}`])),
    ...(frames.length === 0
      ? []
      : ['', `Top ${frames.length === 1 ? 'frame' : `${frames.length} frames`}:`, '```', ...frames, '```']),
  ].join('\n')
  const text = (value: unknown) => asText(value) ?? ''
  return {
    title,
    description,
    variables: {
      signature,
      crash_id: text(crash.uuid),
      report_url: reportUrl,
      product: text(crash.product),
      version: text(crash.version),
      op_sys: text(crash.os_name),
      rep_platform: text(crash.cpu_arch),
      bug_type: kind === 'Crash' ? 'defect' : 'hang',
    },
  }
}

/** The first frames of the crashing thread, inline ones too, as `3  module  function  file:line`. */
function framesText(crash: Readonly<Record<string, unknown>>): readonly string[] {
  const dump = asRecord(crash.json_dump)
  const at = asNumber(crash.crashing_thread) ?? asNumber(asRecord(dump.crash_info).crashing_thread) ?? 0
  const frames = asList(asRecord(asList(dump.threads)[at]).frames).map(asRecord)
  return frames
    .filter(({ truncated }) => truncated === undefined)
    .flatMap((frame) => [
      ...asList(frame.inlines).map((inline) => ({ ...asRecord(inline), module: frame.module, isInline: true })),
      { ...frame, isInline: false },
    ])
    .slice(0, MAX_BUG_FRAMES)
    .map(frameText)
}

function frameText(frame: Readonly<Record<string, unknown>>, number: number): string {
  const name = asText(frame.function) ?? asText(frame.module_offset) ?? asText(frame.offset) ?? '(unknown)'
  const file = asText(frame.file)?.replace(/^[a-z]+:[^:]*:([^:]+):[^:]*$/, '$1') ?? null
  const line = asNumber(frame.line)
  const place = file === null ? null : line === null ? file : `${file}:${line}`
  const inlined = asFlag(frame.isInline) ? 'inlined' : null
  return [
    String(number),
    asText(frame.module) ?? '(no module)',
    cut(oneLine(name), MAX_BUG_FRAME_CHARS),
    place,
    inlined,
  ]
    .filter((part) => part !== null)
    .map(oneLine)
    .join('  ')
}

/** A fence of a stranger's would end the code. */
const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ').replaceAll('```', "'''")

function cut(text: string, maxChars: number): string {
  const characters = [...text]
  return characters.length <= maxChars ? text : `${characters.slice(0, maxChars - 1).join('')}…`
}

/** A tracker's form with the bug filled in. */
export interface BugForm {
  readonly tracker: string
  readonly name: string
  readonly url: string
}

type BugLinkTemplate = { readonly tracker: string; readonly name: string; readonly url_template: string }

/** What a template that shows bugs has in place of filing one. */
const BUG_ID_VARIABLE = '{bug_id}'

/**
 * The forms of a product's trackers. A template is an address with `{title}`, `{description}` and the variables of {@link bugText} in it; each is
 * percent-encoded, so that a value never adds a parameter. What does not become an http(s) address is left out. Frames are left out of a
 * description until the address fits.
 */
export function bugForms(templates: readonly BugLinkTemplate[], bug: BugText): readonly BugForm[] {
  return templates
    .filter(({ url_template }) => !url_template.includes(BUG_ID_VARIABLE))
    .flatMap(({ tracker, name, url_template }) => {
      const url = fittingUrl(url_template, bug)
      return url === null ? [] : [{ tracker, name, url }]
    })
}

/** The address of a bug that is there, by the first template that has `{bug_id}`; null where the product names none. */
export function bugUrl(templates: readonly BugLinkTemplate[], bugId: number): string | null {
  const template = templates.find(({ url_template }) => url_template.includes(BUG_ID_VARIABLE))
  return template === undefined ? null : webAddress(filled(template.url_template, { bug_id: String(bugId) }))
}

function fittingUrl(template: string, { title, description, variables }: BugText): string | null {
  const lines = description.split('\n')
  for (let kept = lines.length; kept > 0; kept--) {
    // A code block that was cut still ends.
    const isCut = kept < lines.length && lines.slice(0, kept).includes('```')
    const shorter = isCut ? [...lines.slice(0, kept), '```'].join('\n') : lines.slice(0, kept).join('\n')
    const url = filled(template, { ...variables, title, description: shorter })
    if (url.length <= MAX_BUG_URL_CHARS) return webAddress(url)
  }
  return null
}

function filled(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{([a-z_]+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? encodeURIComponent((values[name] ?? '').replaceAll(/\p{Cs}/gu, '\ufffd')) : whole,
  )
}

function webAddress(text: string): string | null {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') ? url.href : null
}
