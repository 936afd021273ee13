import type { AnnotationRegistry } from '#shared/annotations/registry.ts'
import type { Viewer } from '#shared/auth/permissions.ts'
import type { CrashId } from '#shared/crash-id.ts'
import { PENDING_REFRESH_SECONDS } from '#shared/limits.ts'
import { Layout } from '../components/layout.tsx'
import { Annotations, RawData } from '../components/raw-crash.tsx'
import { Reduced } from '../components/reduced.tsx'
import { ReprocessButton } from '../components/reprocess-button.tsx'
import { shownText } from '../views/json-value.ts'
import type { ReprocessWait } from '../views/reprocess-wait.ts'

interface UnshownCrash {
  readonly crashId: CrashId
  readonly viewer: Viewer
  readonly isReduced: boolean
  readonly wait: ReprocessWait
  readonly rawCrash: Readonly<Record<string, unknown>>
  readonly registry: AnnotationRegistry
}

/** Saved, not processed yet. */
export function Pending({ crashId, viewer }: Pick<UnshownCrash, 'crashId' | 'viewer'>) {
  return (
    <Layout title="Crash is being processed" viewer={viewer} here={`/report/index/${crashId}`} sought={crashId}>
      <div class="message">
        <h1>This crash is being processed</h1>
        <p>
          <code>{crashId}</code> was received and saved. It has been moved to the front of the queue; most crashes take
          a few seconds.
        </p>
        <p role="status">
          {`This page asks again every ${PENDING_REFRESH_SECONDS} seconds. `}
          <a href={`/report/index/${crashId}`}>Ask now</a>
        </p>
      </div>
    </Layout>
  )
}

/** A dead letter, with its reason. */
export function Failed({
  crashId,
  viewer,
  isReduced,
  wait,
  reason,
  rawCrash,
  registry,
}: UnshownCrash & { readonly reason: string }) {
  return (
    <Layout title="Crash could not be processed" viewer={viewer} here={`/report/index/${crashId}`} sought={crashId}>
      <Reduced isReduced={isReduced} />
      <div class="message">
        <h1>This crash could not be processed</h1>
        <p>
          <code>{crashId}</code> was received and saved, but processing it failed each time:
        </p>
        <p class="reason">
          <code>{shownText(reason)}</code>
        </p>
        <p>What was received is kept. It can be processed again once the cause is mended.</p>
        <ReprocessButton crashId={crashId} viewer={viewer} wait={wait} hasSignature={false} />
      </div>
      <Annotations rawCrash={rawCrash} registry={registry} />
      <RawData crashId={crashId} viewer={viewer} rawCrash={rawCrash} />
    </Layout>
  )
}

/** Processed, but more than a page can show. */
export function TooLarge({ crashId, viewer, isReduced, wait, rawCrash, registry }: UnshownCrash) {
  return (
    <Layout title="Large crash" viewer={viewer} here={`/report/index/${crashId}`} sought={crashId}>
      <Reduced isReduced={isReduced} />
      <div class="message">
        <h1>This crash is too large for a page</h1>
        <p>
          The stacks of <code>{crashId}</code> are more than this page can show. The processed crash below has all of
          them.
        </p>
        <ReprocessButton crashId={crashId} viewer={viewer} wait={wait} hasSignature />
      </div>
      <Annotations rawCrash={rawCrash} registry={registry} />
      <RawData crashId={crashId} viewer={viewer} rawCrash={rawCrash} crash="too_large" />
    </Layout>
  )
}
