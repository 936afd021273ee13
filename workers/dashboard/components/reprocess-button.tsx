import { may, type Viewer } from '#shared/auth/permissions.ts'
import type { CrashId } from '#shared/crash-id.ts'
import { PENDING_REFRESH_SECONDS } from '#shared/limits.ts'
import type { ReprocessWait } from '../views/reprocess-wait.ts'
import { Moment } from './moment.tsx'

/** The buttons that have a crash processed again, and where an earlier press stands; nothing for viewers who may not. */
export function ReprocessButton({
  crashId,
  viewer,
  wait,
  hasSignature,
}: {
  readonly crashId: CrashId
  readonly viewer: Viewer
  readonly wait: ReprocessWait
  /** Whether there is a processed crash whose signature alone could be made anew. */
  readonly hasSignature: boolean
}) {
  if (!may(viewer, 'reprocess_crashes')) return null
  return (
    <>
      <WaitNotice crashId={crashId} wait={wait} hasSignature={hasSignature} />
      <form class="reprocess" action={`/report/index/${crashId}/reprocess`} method="post">
        <button type="submit" name="ruleset" value="default" title="Stackwalk with the symbols of now, all rules">
          Reprocess
        </button>
        {hasSignature ? (
          <button
            type="submit"
            name="ruleset"
            value="regenerate_signature"
            title="The signature alone, with the lists of now, from the stored stackwalk"
          >
            Regenerate signature
          </button>
        ) : null}
      </form>
    </>
  )
}

function WaitNotice({
  crashId,
  wait,
  hasSignature,
}: {
  readonly crashId: CrashId
  readonly wait: ReprocessWait
  readonly hasSignature: boolean
}) {
  switch (wait.kind) {
    case 'none':
      return null
    case 'queued':
      return (
        <p class="notice" role="status">
          {'Reprocessing was queued at '}
          <Moment atMs={wait.queuedAtMs} />
          {wait.asksAgain
            ? `. This page asks again every ${PENDING_REFRESH_SECONDS} seconds. `
            : '. It is not done yet: it may wait for another part of Mayday. '}
          <a href={`/report/index/${crashId}?queued=${wait.queuedAtMs}`}>Ask now</a>
        </p>
      )
    case 'done':
      return (
        <p class="notice" role="status">
          {hasSignature ? 'Processed anew at ' : 'Tried anew; it failed again at '}
          <Moment atMs={wait.startedAtMs} />
          {', queued at '}
          <Moment atMs={wait.queuedAtMs} />.
        </p>
      )
  }
}
