import type { Clock } from '#shared/clock.ts'
import type { BookedFile, ListedUpload, UploadBooks, UploadFileQuery, UploadQuery } from '#shared/db/upload-books.ts'
import type { Upload } from '#shared/db/uploads.ts'
import { UPLOAD_FILES_A_PAGE, UPLOADS_A_PAGE } from '#shared/limits.ts'
import { parseSymbolObjectKey, symbolKeySegments } from '#shared/symbols/key.ts'
import {
  readKeyFilter,
  readSizeFilter,
  readTextFilter,
  readTimeFilter,
  type TextPart,
} from '#shared/symbols/list-filter.ts'
import { BUCKET_NAME, jsonFor, pathNotFound, shownTime, shownUpload } from './answer.ts'
import { type BooksViewerDeps, checkBooksViewer, mayListUploads } from './books-viewer.ts'
import { ListParameters } from './list-parameters.ts'

export interface UploadsApiDeps extends BooksViewerDeps {
  readonly books: UploadBooks
  readonly clock: Clock
  /** Origin of download addresses; empty: the origin that was asked. */
  readonly urlBase: string
}

/** What the peer answers as the total where nothing is filtered: counting all rows is dear, and `has_next` is what clients page by. */
const UNFILTERED_TOTAL = 1_000_000

/** GET /api/uploads/ (specs/symbols.md 4): one's own uploads, everybody's with view_all_uploads. Newest first. */
export async function listUploads(request: Request, deps: UploadsApiDeps): Promise<Response> {
  const checked = await checkBooksViewer(request, deps)
  if (checked.kind === 'refused') return checked.response
  if (!mayListUploads(checked.viewer)) return forbidden(request)

  const params = new ListParameters(request)
  const nowMs = deps.clock()
  const sort = params.choice('sort', ['created_at', 'size'])
  const reverse =
    params.has('sort') || params.has('reverse') ? params.choice('reverse', ['false', 'true']) === 'true' : true
  const page = params.page()
  const query: UploadQuery = {
    email: checked.canViewAll ? null : checked.email,
    user: params.filter('user', readTextFilter),
    size: params.filter('size', readSizeFilter),
    createdAt: params.filter('created_at', (text) => readTimeFilter(text, nowMs)),
    completedAt: params.filter('completed_at', (text) => readTimeFilter(text, nowMs)),
    sort,
    descending: reverse,
    limit: UPLOADS_A_PAGE + 1,
    offset: (page - 1) * UPLOADS_A_PAGE,
  }
  if (params.errors !== null) return jsonFor(request, { errors: params.errors }, 400)
  const isFiltered =
    query.email !== null ||
    [query.user, query.size, query.createdAt, query.completedAt].some(({ length }) => length > 0)
  const [rows, total] = await Promise.all([
    deps.books.uploads(query),
    isFiltered ? deps.books.uploadTotal(query) : UNFILTERED_TOTAL,
  ])
  const body = {
    uploads: rows.slice(0, UPLOADS_A_PAGE).map(listedUpload),
    has_next: rows.length > UPLOADS_A_PAGE,
    total,
    batch_size: UPLOADS_A_PAGE,
    order_by: { sort, reverse },
    can_view_all: checked.canViewAll,
  }
  return jsonFor(request, body, 200)
}

/** GET /api/uploads/upload/<id>: one upload with its files. Uploaders poll it until `completed_at` or `failed_reason` is there. */
export async function showUpload(request: Request, id: number, deps: UploadsApiDeps): Promise<Response> {
  const checked = await checkBooksViewer(request, deps)
  if (checked.kind === 'refused') return checked.response
  const upload = await deps.books.upload(id)
  if (upload === null) return pathNotFound(request)
  if (!checked.canViewAll && upload.email !== checked.email) {
    return jsonFor(request, { error: 'Insufficient access to view this upload' }, 403)
  }
  const [files, related] = await Promise.all([deps.books.filesOf(id), deps.books.related(upload)])
  const body = { ...wholeUpload(upload), file_uploads: files.map(shownFile), related: related.map(shownUpload) }
  return jsonFor(request, { upload: body }, 200)
}

/** GET /api/uploads/files/: stored files of everybody, newest first. */
export async function listUploadFiles(request: Request, deps: UploadsApiDeps): Promise<Response> {
  const checked = await checkBooksViewer(request, deps)
  if (checked.kind === 'refused') return checked.response
  if (!checked.canViewAll) return forbidden(request)

  const params = new ListParameters(request)
  const nowMs = deps.clock()
  const stores = params.choice('upload_type', ['', 'regular', 'try'])
  const page = params.page()
  const completedAt = params.filter('completed_at', (text) => readTimeFilter(text, nowMs))
  const query: UploadFileQuery = {
    key: params.filter('key', readKeyFilter),
    size: params.filter('size', readSizeFilter),
    // A row is written when its file is stored: it was created and completed at once, and none is incomplete.
    createdAt: [...params.filter('created_at', (text) => readTimeFilter(text, nowMs)), ...completedAt],
    trySymbols: stores === '' ? null : stores === 'try',
    limit: UPLOAD_FILES_A_PAGE + 1,
    offset: (page - 1) * UPLOAD_FILES_A_PAGE,
  }
  const bucket = params.filter('bucket_name', readTextFilter)
  if (params.errors !== null) return jsonFor(request, { errors: params.errors }, 400)
  const isFiltered = [query.key, query.size, query.createdAt, bucket].some(({ length }) => length > 0)
  const inBucket = bucket.every(isInBucket)
  const [rows, total] = inBucket
    ? await Promise.all([
        deps.books.files(query),
        isFiltered || query.trySymbols !== null ? deps.books.fileTotal(query) : UNFILTERED_TOTAL,
      ])
    : [[], 0]
  const body = {
    files: rows.slice(0, UPLOAD_FILES_A_PAGE).map((file) => ({ ...shownFile(file), upload: uploadOfFile(file) })),
    has_next: rows.length > UPLOAD_FILES_A_PAGE,
    total,
    batch_size: UPLOAD_FILES_A_PAGE,
  }
  return jsonFor(request, body, 200)
}

/** GET /api/uploads/files/file/<id>: one stored file, with what its sym file says of its module and the health of it. */
export async function showUploadFile(request: Request, id: number, deps: UploadsApiDeps): Promise<Response> {
  const checked = await checkBooksViewer(request, deps)
  if (checked.kind === 'refused') return checked.response
  const file = await deps.books.file(id)
  if (file === null) return pathNotFound(request)
  if (!checked.canViewAll && file.upload.email !== checked.email) {
    return jsonFor(request, { error: 'Insufficient access to view this file' }, 403)
  }
  const url = downloadUrl(request, deps.urlBase, file)
  return jsonFor(request, { file: { ...shownFile(file), url, upload: uploadOfFile(file) } }, 200)
}

/** Where a stored file downloads; null for a key that is none (a migrated object). */
export function downloadUrl(
  request: Request,
  urlBase: string,
  { objectKey }: Pick<BookedFile, 'objectKey'>,
): string | null {
  const stored = parseSymbolObjectKey(objectKey)
  if (stored === null) return null
  const { debugFile, id, file } = symbolKeySegments(stored.key)
  const path = [...(stored.trySymbols ? ['try'] : []), debugFile, id, file].map(encodeURIComponent).join('/')
  return `${urlBase === '' ? new URL(request.url).origin : urlBase}/${path}`
}

function listedUpload({ upload, files, incompleteFiles }: ListedUpload) {
  return { ...wholeUpload(upload), files_count: files, files_incomplete_count: incompleteFiles }
}

/** Beyond the answer to the upload itself: what only its books say. */
function wholeUpload(upload: Upload) {
  return {
    ...shownUpload(upload),
    ignored_keys: upload.ignoredKeys,
    refused_keys: upload.refusedKeys,
    failed_reason: upload.failedReason,
    product: upload.product,
  }
}

function shownFile(file: BookedFile) {
  return {
    id: file.id,
    bucket_name: BUCKET_NAME,
    key: file.objectKey,
    update: file.update,
    compressed: file.compressed,
    size: file.storedBytes,
    original_size: file.originalBytes,
    created_at: shownTime(file.createdAtMs),
    completed_at: shownTime(file.createdAtMs),
    debug_filename: file.debugFile,
    debug_id: file.debugId,
    code_file: file.codeFile,
    code_id: file.codeId,
    generator: file.generator,
    health: file.health,
    index: file.indexState ?? (/\.sym$/i.test(file.objectKey) ? { state: 'pending' } : null),
  }
}

function uploadOfFile({ upload }: BookedFile) {
  const { id, email, trySymbols, createdAtMs } = upload
  return { id, user: email, try_symbols: trySymbols, created_at: shownTime(createdAtMs) }
}

function isInBucket({ text, not }: TextPart): boolean {
  return BUCKET_NAME.includes(text.toLowerCase()) !== not
}

function forbidden(request: Request): Response {
  return jsonFor(request, { error: 'Forbidden' }, 403)
}
