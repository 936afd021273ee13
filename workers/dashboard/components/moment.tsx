import { agoText } from '../views/duration.ts'

/** A time in UTC, exact for machines and to the second for people. In a table of times the zone is said once, below. */
export function Moment({ atMs, inTable = false }: { readonly atMs: number; readonly inTable?: boolean }) {
  const iso = new Date(atMs).toISOString()
  return <time datetime={iso}>{`${iso.slice(0, 10)} ${iso.slice(11, 19)}${inTable ? '' : ' UTC'}`}</time>
}

/** A recent time as people say it; the exact one is in the tooltip. */
export function Ago({ atMs, nowMs }: { readonly atMs: number; readonly nowMs: number }) {
  const iso = new Date(atMs).toISOString()
  return (
    <time datetime={iso} title={`${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`}>
      {agoText(atMs, nowMs)}
    </time>
  )
}
