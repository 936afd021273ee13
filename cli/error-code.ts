/** The system's code of a failed file operation (`ENOENT`), or what else was thrown. */
export function errorCode(thrown: unknown): string {
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code
  return thrown instanceof Error ? thrown.message : String(thrown)
}
