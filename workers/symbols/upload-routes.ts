import { Hono } from 'hono'
import { PART_RETRY_AFTER_SECONDS } from '#shared/limits.ts'
import { errorText } from '#shared/log.ts'
import { jsonFor, methodNotAllowed, pathNotFound, shownUpload, unavailable } from './answer.ts'
import { authInfo } from './auth-info.ts'
import { receiveUpload, type UploadAnswer } from './upload.ts'
import { UploadBody, UploadBodyError } from './upload-body.ts'
import { completeFile, listParts, type PartDeps, putPart } from './upload-part.ts'
import { closeUpload, openUpload, refuseV2, type UploadV2Answer } from './upload-v2.ts'
import { checkUploader, type Uploader } from './uploader.ts'

/** Everything under `/upload/`. */
export function uploadRoutes(deps: PartDeps) {
  const app = new Hono()

  app.all('/upload/', async ({ req }) => {
    if (req.method !== 'POST') return methodNotAllowed(req.raw, 'POST')
    return zipResponse(req.raw, await receiveUpload(req.raw, deps))
  })
  app.all('/upload/auth_info/', async ({ req }) => {
    if (req.method !== 'POST') return methodNotAllowed(req.raw, 'POST')
    return asUploader(req.raw, deps, (uploader) => authInfo(req.raw, uploader))
  })
  app.all('/upload/v2/', async ({ req }) => {
    if (req.method !== 'POST') return methodNotAllowed(req.raw, 'POST')
    return answerV2(req.raw, deps, (uploader, body) => openUpload(new URL(req.url).origin, body, uploader, deps))
  })
  app.all('/upload/v2/files/:session', async ({ req }) => {
    const session = req.param('session')
    switch (req.method) {
      case 'PUT':
        return answerV2(req.raw, deps, (uploader, body) => putPart(req.raw, session, body, uploader, deps))
      case 'GET':
        return answerV2(req.raw, deps, (uploader) => listParts(session, uploader, deps))
      default:
        return methodNotAllowed(req.raw, 'GET, PUT')
    }
  })
  app.all('/upload/v2/files/:session/complete', async ({ req }) => {
    if (req.method !== 'POST') return methodNotAllowed(req.raw, 'POST')
    return answerV2(req.raw, deps, (uploader) => completeFile(req.param('session'), uploader, deps))
  })
  app.all('/upload/v2/:id{[1-9][0-9]{0,14}}/complete', async ({ req }) => {
    if (req.method !== 'POST') return methodNotAllowed(req.raw, 'POST')
    return answerV2(req.raw, deps, (uploader) => closeUpload(Number(req.param('id')), uploader, deps))
  })
  app.all('/upload/*', ({ req }) => pathNotFound(req.raw))
  return app
}

function zipResponse(request: Request, answer: UploadAnswer): Response {
  switch (answer.kind) {
    case 'accepted':
      return jsonFor(request, { upload: shownUpload(answer.upload) }, 201)
    case 'refused':
      return jsonFor(request, { error: answer.text }, answer.status)
    case 'unavailable':
      return unavailable()
  }
}

/** Lets an uploader in; everybody else's body is read to its end first, so that the answer is seen (bug 1655944). */
async function asUploader(
  request: Request,
  deps: PartDeps,
  answer: (uploader: Uploader) => Promise<Response>,
): Promise<Response> {
  const check = await checkUploader(request.headers, deps.tokens, deps.clock)
  if (check.kind === 'uploader') return answer(check.uploader)
  deps.log('symbols', 'upload_refused', { reason: check.reason })
  await new UploadBody(request.body).drain()
  return jsonFor(request, { error: check.text }, 403)
}

async function answerV2(
  request: Request,
  deps: PartDeps,
  answer: (uploader: Uploader, body: UploadBody) => Promise<UploadV2Answer>,
): Promise<Response> {
  try {
    return await asUploader(request, deps, async (uploader) => {
      const body = new UploadBody(request.body)
      const said = await heard(() => answer(uploader, body))
      if (said.kind !== 'answered') await body.drain()
      return v2Response(request, said, deps)
    })
  } catch (thrown) {
    deps.log('symbols', 'upload_unavailable', { error: errorText(thrown) })
    await new UploadBody(request.bodyUsed ? null : request.body).drain()
    return unavailable()
  }
}

/** A body that broke off or stood still is the client's doing. */
async function heard(answer: () => Promise<UploadV2Answer>): Promise<UploadV2Answer> {
  try {
    return await answer()
  } catch (thrown) {
    if (!(thrown instanceof UploadBodyError)) throw thrown
    const status = { body_idle: 408, body_aborted: 400, body_too_large: 413 } as const
    return refuseV2(status[thrown.reason], thrown.reason, 'The body did not arrive whole; send it again')
  }
}

function v2Response(request: Request, answer: UploadV2Answer, deps: PartDeps): Response {
  switch (answer.kind) {
    case 'answered':
      return jsonFor(request, answer.body, answer.status)
    case 'refused':
      deps.log('symbols', 'upload_refused', { reason: answer.reason })
      return jsonFor(request, { error: answer.text, reason: answer.reason, ...answer.details }, answer.status)
    case 'no_room':
      return unavailable(PART_RETRY_AFTER_SECONDS)
  }
}
