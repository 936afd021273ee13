import { MAX_PART_HEADER_BYTES, MAX_PARTS, MAX_SYMBOL_NAME_CHARS, MAX_UPLOAD_FIELD_BYTES } from '#shared/limits.ts'
import { type Part, readParts } from '#shared/multipart.ts'

/** Stores the bytes of the zip somewhere and answers what it made of them. */
export type StageZip<Staged> = (filename: string, bytes: AsyncIterable<Uint8Array>) => Promise<Staged>

/** What a form holds. Of many files only the first counts, as at the peer. */
export type UploadForm<Staged> =
  | { readonly kind: 'zip'; readonly staged: Staged; readonly tryField: string }
  /** A form without a file that names an address to fetch the zip from. */
  | { readonly kind: 'url'; readonly url: string; readonly tryField: string }
  | { readonly kind: 'unrecognized_extension'; readonly extension: string }
  | { readonly kind: 'no_file' }

/**
 * Reads a form while it arrives and hands the first file's bytes on. Fields may stand before and after the file.
 * Throws MultipartError for a damaged form, and what the body or `stage` throws.
 */
export async function readUploadForm<Staged>(
  body: AsyncIterable<Uint8Array>,
  boundary: string,
  stage: StageZip<Staged>,
): Promise<UploadForm<Staged>> {
  let zip: { readonly staged: Staged } | null = null
  let tryField = ''
  let url = ''
  for await (const part of readParts(body, boundary, {
    maxParts: MAX_PARTS,
    maxPartHeaderBytes: MAX_PART_HEADER_BYTES,
  })) {
    if (isFile(part)) {
      if (zip !== null) continue
      const filename = zipName(part)
      if (filename === null) return { kind: 'unrecognized_extension', extension: shownExtension(part) }
      zip = { staged: await stage(filename, part.body) }
    } else if (part.name === 'try') {
      tryField = await readField(part)
    } else if (part.name === 'url') {
      url = (await readField(part)).trim()
    }
  }
  if (zip !== null) return { kind: 'zip', staged: zip.staged, tryField }
  return url === '' ? { kind: 'no_file' } : { kind: 'url', url, tryField }
}

/** Reads an urlencoded form, which has fields only: `curl -d url=…`. */
export function readUrlForm(text: string): Extract<UploadForm<never>, { kind: 'url' | 'no_file' }> {
  const fields = new URLSearchParams(text)
  const url = (fields.get('url') ?? '').trim()
  return url === '' ? { kind: 'no_file' } : { kind: 'url', url, tryField: fields.get('try') ?? '' }
}

function isFile(part: Part): boolean {
  return part.filename !== null && part.filename !== ''
}

/** The zip's name: the peer reads the form field's name, browsers and most clients mean the file's. Null when neither is a zip. */
function zipName(part: Part): string | null {
  const names = [part.name ?? '', leafName(part.filename ?? '')]
  return names.find(isZipName)?.slice(-MAX_SYMBOL_NAME_CHARS) ?? null
}

function shownExtension(part: Part): string {
  return extension(part.name ?? '') || extension(part.filename ?? '')
}

/** Whether a name says zip, in any case. */
export function isZipName(name: string): boolean {
  return extension(name).toLowerCase() === '.zip'
}

function leafName(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? ''
}

/** `.zip` of `symbols.zip`, and nothing of `.zip`, as the peer's runtime splits names. */
export function extension(name: string): string {
  return (/[^.](\.[^.]*)$/.exec(leafName(name))?.[1] ?? '').slice(0, MAX_SYMBOL_NAME_CHARS)
}

/** A short field's text; what goes over the cap is dropped. */
async function readField(part: Part): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of part.body) {
    const wanted = chunk.subarray(0, Math.max(0, MAX_UPLOAD_FIELD_BYTES - bytes))
    bytes += wanted.length
    text += decoder.decode(wanted, { stream: true })
  }
  return text
}
