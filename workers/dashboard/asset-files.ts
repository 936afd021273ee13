import favicon from './assets/favicon.ts'
import script from './assets/mayday.client.js'
import css from './assets/mayday.css'

/** A file that pages load from us, under a name that changes with its content. */
export interface AssetFile {
  readonly path: string
  readonly type: string
  readonly content: string
}

/** 64 bits of FNV-1a as hex: names content, guards nothing. Sync, because names are needed before the first request. */
export function contentName(content: string): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(content)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  }
  return hash.toString(16).padStart(16, '0')
}

/** The one style sheet. */
export const STYLE_SHEET: AssetFile = {
  path: `/assets/mayday-${contentName(css)}.css`,
  type: 'text/css; charset=utf-8',
  content: css,
}

/** The one script: shortcuts and copying. It is the file as written, with its types in comments. */
export const CLIENT_SCRIPT: AssetFile = {
  path: `/assets/mayday-${contentName(script)}.js`,
  type: 'text/javascript; charset=utf-8',
  content: script,
}

/** The icon: SOS in Morse. */
export const FAVICON: AssetFile = {
  path: `/assets/favicon-${contentName(favicon)}.svg`,
  type: 'image/svg+xml',
  content: favicon,
}

/** The content of an asset never changes under its name. */
export function assetAnswer(asset: AssetFile): Response {
  return new Response(asset.content, {
    headers: { 'Content-Type': asset.type, 'Cache-Control': 'public, max-age=31536000, immutable' },
  })
}
