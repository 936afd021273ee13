import { type CrashAnnotation, hidden, kept } from './annotation.ts'

/** What tells of the person. */
export const PERSON: readonly CrashAnnotation[] = [
  hidden('Comments', 'user_comments', 'What the person wrote about the crash.'),
  hidden('URL', 'url', 'The address that the person was looking at.'),
  kept('Email', 'string', 'The person’s e-mail address. No client should send it any more.'),
  hidden('GleanClientId', 'glean_client_id', 'The telemetry client, to honour a deletion request.'),
  kept('guid', 'string', 'The installation’s id, as Crashpad sends it.'),
]
