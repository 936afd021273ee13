import type { Clock } from '#shared/clock.ts'
import type { CrashId } from '#shared/crash-id.ts'
import { withDeadline } from '#shared/deadline.ts'
import {
  COMMENT_WRITE_ROUNDS,
  MAX_ANNOTATION_BYTES,
  MAX_COMMENT_CHARS,
  MAX_PAGE_COMMENTS,
  QUEUE_SEND_DEADLINE_MS,
} from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'
import type { CrashMessage } from '#shared/messages.ts'
import type { Bucket, Sender } from '#shared/ports.ts'
import { type RawCrash, submittedTimestamp } from '#shared/raw-crash.ts'
import type { CommentsAdding } from '#shared/store/crash-store.ts'
import { addComments } from '#shared/store/raw-crash-comments.ts'
import { readRawCrash } from '#shared/store/raw-crash-store.ts'

export interface PersonCommentsDeps {
  readonly crashes: Bucket
  readonly queue: Pick<Sender<CrashMessage>, 'send'>
  readonly defer: (work: Promise<unknown>) => void
  readonly clock: Clock
  readonly log: Log
}

/** How the collector notes of such comments begin; the time of each follows, so that they can be counted. */
const NOTE = 'Comments added on the page of the crash at '

/**
 * Adds what a person wrote on the page of the crash, below what the report or the person said before, with a note. The raw crash keeps it, so a lost message costs
 * only the search field: the report page has it at once. Throws when R2 does not answer.
 */
export async function addPersonComments(
  crashId: CrashId,
  comments: string,
  { crashes, queue, defer, clock, log }: PersonCommentsDeps,
): Promise<CommentsAdding> {
  for (let round = 0; round < COMMENT_WRITE_ROUNDS; round++) {
    const raw = await readRawCrash(crashes, crashId)
    if (raw.kind === 'missing') return 'unknown'
    if (raw.kind === 'unreadable') return 'unreadable'
    if (!hasRoom(raw.rawCrash, comments)) return 'full'
    const outcome = await addComments(crashes, crashId, comments, `${NOTE}${submittedTimestamp(clock())}`)
    switch (outcome) {
      case 'added':
        log('processor', 'comments_added', { crash_id: crashId })
        defer(processAnew(crashId, { queue, clock, log }))
        return 'added'
      case 'unchanged':
      case 'unreadable':
        return outcome
      case 'missing':
        return 'unknown'
      case 'changed':
        // Somebody else wrote in between: read again what is there now.
        break
    }
  }
  throw new Error('the raw crash was rewritten by others in every round')
}

function hasRoom({ annotations, metadata }: RawCrash, comments: string): boolean {
  const before = typeof annotations.Comments === 'string' ? annotations.Comments : ''
  const bytes = new TextEncoder().encode(`${before}\n\n${comments}`).length
  const fromPage = metadata.collector_notes.filter((note) => note.startsWith(NOTE)).length
  return comments.length <= MAX_COMMENT_CHARS && bytes <= MAX_ANNOTATION_BYTES && fromPage < MAX_PAGE_COMMENTS
}

/** The search field `user_comments` comes with the next processing; of a crash that is not processed yet, too. */
async function processAnew(
  crashId: CrashId,
  { queue, clock, log }: Pick<PersonCommentsDeps, 'queue' | 'clock' | 'log'>,
): Promise<void> {
  const message: CrashMessage = { v: 1, crash_id: crashId, ruleset: 'default', tries: 0, first_seen: clock() }
  try {
    await withDeadline('queue crashes-reprocess', QUEUE_SEND_DEADLINE_MS, queue.send(message))
  } catch (thrown) {
    log('processor', 'comments_not_queued', { crash_id: crashId, error: errorText(thrown) })
  }
}
