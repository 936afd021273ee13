import type { Child } from 'hono/jsx'
import { MAX_COMMENT_CHARS } from '#shared/limits.ts'
import type { MachineProblem } from '#shared/machine-signs.ts'
import type { PersonReading } from '#shared/store/crash-store.ts'
import { FAVICON, STYLE_SHEET } from '../asset-files.ts'

/**
 * The page for whoever sent a crash, in plain words. It says nothing of the crash and leads nowhere else: who reads it wants to know whether the report
 * arrived and whether anything can be done.
 */

/** The frame of these pages: no search, no sign-in, no script, and no search engine's business. */
export function PersonLayout({ title, children }: { readonly title: string; readonly children: Child }) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex, nofollow" />
        <title>{title}</title>
        <link rel="icon" type="image/svg+xml" href={FAVICON.path} />
        <link rel="stylesheet" href={STYLE_SHEET.path} />
      </head>
      <body class="person">
        <main id="main">
          <div class="message">{children}</div>
        </main>
      </body>
    </html>
  )
}

/** How often the page of a report that is not processed yet asks again; null where it has stopped. */
export type AsksAgainSeconds = number | null

export interface PersonReportView {
  /** The address of this very page, with its secret. */
  readonly page: string
  readonly reading: Exclude<PersonReading, { readonly kind: 'unknown' }>
  readonly asksAgainSeconds: AsksAgainSeconds
  /** Whether a comment of the person has just been kept. */
  readonly commentKept: boolean
}

/** Where the report stands, what the computer may have, and a box for what the person wants to say. */
export function PersonReport({ page, reading, asksAgainSeconds, commentKept }: PersonReportView) {
  return (
    <PersonLayout title="Your crash report">
      <Standing reading={reading} />
      <ol class="progress" aria-label="Where your report stands">
        <li class="reached">✓ Received</li>
        {reading.kind === 'processed' ? <li class="reached">✓ Processed</li> : <li>… Not processed yet</li>}
      </ol>
      {reading.kind === 'received' ? <AskingAgain page={page} seconds={asksAgainSeconds} /> : null}
      {reading.kind === 'processed' ? <Problems problems={reading.problems} /> : null}
      <section aria-labelledby="comment">
        <h2 id="comment">Do you want to add something?</h2>
        {commentKept ? (
          <p class="notice good" role="status">
            Thank you. What you wrote is kept with the report.
          </p>
        ) : null}
        {/* A page that loads itself again would take away what is being typed. */}
        {reading.kind === 'received' && asksAgainSeconds !== null ? (
          <p>
            <a href={`${page}&write=1#comment`}>Write what you were doing when it crashed</a>
          </p>
        ) : (
          <CommentForm page={page} comments="" />
        )}
      </section>
    </PersonLayout>
  )
}

function Standing({ reading }: Pick<PersonReportView, 'reading'>) {
  switch (reading.kind) {
    case 'received':
      return (
        <>
          <h1>Your crash report has arrived</h1>
          <p>Thank you for sending it. It is waiting to be processed; for most reports that takes a few seconds.</p>
        </>
      )
    case 'processed':
      return (
        <>
          <h1>Your crash report has been processed</h1>
          <p>Thank you for sending it. The people who make the program can read it now, next to others like it.</p>
        </>
      )
    case 'failed':
      return (
        <>
          <h1>Your crash report has arrived</h1>
          <p>
            Thank you for sending it. It could not be processed automatically. It is kept, and the people who make the
            program can look at it.
          </p>
        </>
      )
  }
}

function AskingAgain({ page, seconds }: { readonly page: string; readonly seconds: AsksAgainSeconds }) {
  return (
    <p role="status">
      {seconds === null ? '' : `This page looks again every ${seconds} seconds. `}
      <a href={page}>Look now</a>
    </p>
  )
}

/** What each problem means and what to do, for somebody who has never heard of it. */
const PROBLEM_TEXTS: Readonly<Record<MachineProblem, { readonly heading: string; readonly text: string }>> = {
  memory: {
    heading: 'Its memory may be faulty',
    text: 'The crash looks as if something in the computer’s memory changed by itself. Once may be chance. If this program or others crash often, run a memory test: your computer’s maker or its help says how.',
  },
  disk: {
    heading: 'A disk may be hard to read',
    text: 'The program could not read a file that it needed. The disk may be failing, or a stick or network drive went away. Make a copy of what matters to you, then have the disk checked.',
  },
  out_of_memory: {
    heading: 'It may have run out of memory',
    text: 'The program asked for memory and got none. Closing programs and windows that you do not need helps, and so does free space on the disk, which the computer uses when memory is short.',
  },
}

function Problems({ problems }: { readonly problems: readonly MachineProblem[] }) {
  if (problems.length === 0) return <p class="quiet">Nothing in it points to a problem of your computer.</p>
  return (
    <section class="notice warn" aria-labelledby="computer">
      <h2 id="computer">Your computer may have a problem</h2>
      {problems.map((problem) => (
        <>
          <h3>{PROBLEM_TEXTS[problem].heading}</h3>
          <p>{PROBLEM_TEXTS[problem].text}</p>
        </>
      ))}
      <p>This is a guess from one crash. It may just as well be a mistake in the program.</p>
    </section>
  )
}

/** The box for comments, with what was typed where it could not be kept. */
export function CommentForm({ page, comments }: { readonly page: string; readonly comments: string }) {
  return (
    <form class="comment" action={page} method="post">
      <label for="comments">What were you doing when it crashed?</label>
      <p class="quiet" id="comments-hint">
        {`Only people with permission to see private data can read it. Please leave out passwords. At most ${MAX_COMMENT_CHARS.toLocaleString('en-US')} characters.`}
      </p>
      <textarea
        id="comments"
        name="comments"
        rows={5}
        maxlength={MAX_COMMENT_CHARS}
        required
        aria-describedby="comments-hint"
      >
        {comments}
      </textarea>
      <button type="submit" class="primary">
        Send
      </button>
    </form>
  )
}
