import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { DeclaredFile } from '#shared/symbols/declared-content.ts'
import type { SymbolKey } from '#shared/symbols/key.ts'
import type { BegunUploads } from './begun-uploads.ts'
import { contentsOf, encode, measure, type SymbolContent } from './symbol-content.ts'
import type { SymbolFile } from './symbol-files.ts'
import {
  type FileAction,
  type OpenedUpload,
  type PartsClient,
  type Said,
  type SendAction,
  Slots,
  saidText,
  sendFile,
} from './symbol-parts.ts'
import type { UploadTarget } from './symbol-upload.ts'
import type { UploadProgress, UploadSummary } from './upload-progress.ts'

/** Requests with bytes at once, and files on disk in the form that travels. */
const PARALLEL = 4
/** Files of one upload: the protocol's limit. */
const MAX_FILES = 1_024

interface Measured {
  readonly content: SymbolContent
  readonly declared: DeclaredFile
}

/** What is left for whoever sends zips: zips that are none of symbols, so that the server says why. */
export interface PartsSummary extends UploadSummary {
  readonly leftZips: readonly string[]
}

/**
 * Uploads files in parts (v2): says which files there are, sends those that the server lacks, four at once, and closes the upload. An upload that
 * an earlier run began goes on; after a failure the rest is still sent.
 */
export async function uploadInParts(
  found: readonly SymbolFile[],
  target: UploadTarget,
  client: PartsClient,
  begun: BegunUploads,
  progress: UploadProgress,
): Promise<PartsSummary> {
  const failures: string[] = []
  const leftZips: string[] = []
  const measured: Measured[] = []
  const seen = new Set<SymbolKey>()
  for (const file of found) {
    if (file.kind === 'skipped') continue
    try {
      const contents = await contentsOf(file)
      if (contents === null) leftZips.push(file.path)
      for (const content of contents ?? []) {
        if (seen.has(content.key)) continue
        seen.add(content.key)
        measured.push({ content, declared: await measure(content) })
      }
    } catch (thrown) {
      const failure = `${file.path}: ${thrown instanceof Error ? thrown.message : String(thrown)}`
      failures.push(failure)
      progress.uploaded(1, `failed: ${failure}`)
    }
  }
  progress.found(measured.length + leftZips.length + failures.length)
  let files = 0
  for (let at = 0; at < measured.length; at += MAX_FILES) {
    const upload = await uploadSome(measured.slice(at, at + MAX_FILES), target, client, begun, progress)
    files += upload.files
    failures.push(...upload.failures)
  }
  return { files, failures, leftZips }
}

/** A file that is not up. A final failure is the same at the next try; one of the network or the server is not. */
interface Failure {
  readonly text: string
  readonly isFinal: boolean
}

async function uploadSome(
  measured: readonly Measured[],
  target: UploadTarget,
  client: PartsClient,
  begun: BegunUploads,
  progress: UploadProgress,
): Promise<UploadSummary> {
  const declared = measured.map((file) => file.declared)
  const earlier = begun.find(target, declared)
  const opened = earlier === null ? await client.open(declared) : ({ kind: 'ok', body: earlier } as const)
  if (opened.kind !== 'ok') {
    const failures = measured.map(({ content }) => `${content.name}: ${saidText(opened)}`)
    for (const failure of failures) progress.uploaded(1, `failed: ${failure}`)
    return { files: 0, failures }
  }
  begun.save(target, declared, opened.body)
  const failures = await sendAll(measured, opened.body, earlier !== null, client, progress)
  const sent = measured.length - failures.length
  if (failures.length === 0) {
    const closed = await client.close(opened.body.id)
    if (closed.kind !== 'ok') failures.push(failureOf(`upload ${opened.body.id}`, closed))
    else if (closed.body.upload.completed_at === null) progress.note(`upload ${opened.body.id} is still being checked`)
  }
  if (failures.every(({ isFinal }) => isFinal)) begun.forget(target, declared)
  return { files: sent, failures: failures.map(({ text }) => text) }
}

async function sendAll(
  measured: readonly Measured[],
  opened: OpenedUpload,
  isBegun: boolean,
  client: PartsClient,
  progress: UploadProgress,
): Promise<Failure[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mayday-symbols-'))
  const requests = new Slots(PARALLEL)
  const spools = new Slots(PARALLEL)
  const encoder = new Slots(1)
  const failures: Failure[] = []
  const send = async ({ content }: Measured, action: SendAction, at: number): Promise<Said<unknown>> => {
    const spool = path.join(folder, String(at))
    // A zip is read front to back: its members are encoded one after the other.
    const bytes = await encoder.run(() => encode(content, spool))
    return sendFile(client, action, { spool, bytes }, isBegun, requests, (sent) => progress.sent(sent))
  }
  const upload = async (file: Measured, action: FileAction, at: number) => {
    const failure = await outcomeOf(file.content.name, action, (todo) => spools.run(() => send(file, todo, at)))
    if (failure !== null) failures.push(failure)
    const done = action.type === 'skip' ? 'is there already' : 'uploaded'
    progress.uploaded(1, failure === null ? `${done}: ${file.content.name}` : `failed: ${failure.text}`)
  }
  try {
    await Promise.all(
      measured.map((file, at) =>
        upload(file, opened.files[at]?.action ?? { type: 'error', msg: 'no answer for this file' }, at),
      ),
    )
    return failures
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function outcomeOf(
  name: string,
  action: FileAction,
  send: (action: SendAction) => Promise<Said<unknown>>,
): Promise<Failure | null> {
  switch (action.type) {
    case 'skip':
      return null
    case 'error':
      return { text: `${name}: the server refused it: ${action.msg}`, isFinal: true }
    case 'upload': {
      try {
        const said = await send(action)
        return said.kind === 'ok' ? null : failureOf(name, said)
      } catch (thrown) {
        return { text: `${name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, isFinal: true }
      }
    }
  }
}

function failureOf(name: string, said: Exclude<Said<unknown>, { kind: 'ok' }>): Failure {
  return { text: `${name}: ${saidText(said)}`, isFinal: said.kind === 'refused' }
}
