/** Told as files are done: a bar for people, lines for logs. */
export interface UploadProgress {
  /** How many files there are, once zips are looked into. */
  found(files: number): void
  sent(bytes: number): void
  uploaded(files: number, line: string): void
  note(line: string): void
}

/** Tells nobody. */
export const NO_PROGRESS: UploadProgress = {
  found: () => undefined,
  sent: () => undefined,
  uploaded: () => undefined,
  note: () => undefined,
}

/** What became of an upload of many files: each failure in one line. */
export interface UploadSummary {
  readonly files: number
  readonly failures: readonly string[]
}
