/**
 * Class and frames of the outermost exception of a Java stack trace, without messages: those hold what the person typed or opened. Null when the text is no such
 * trace. Reports and crash pings are signed by it, so that one exception has one signature.
 */
export function publicJavaStack(stackTrace: string): string | null {
  const lines = stackTrace.split(/\r?\n/).filter((line) => line.trim() !== '')
  const stackStart = lines.findIndex((line) => line.startsWith('\tat '))
  const javaClass = lines[0]?.split(':', 1)[0]?.trim() ?? ''
  if (stackStart < 1 || javaClass === '') return null
  const causes = lines.findIndex((line) => /^(?:Suppressed|Caused by):/.test(line.trim()))
  const frames = lines.slice(stackStart, causes > stackStart ? causes : undefined)
  return frames.every((line) => line.startsWith('\t')) ? [javaClass, ...frames].join('\n') : null
}
