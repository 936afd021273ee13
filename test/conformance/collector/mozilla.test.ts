import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Fleet, startFleet } from '../../support/fleet.ts'
import { mozillaCases } from './mozilla-cases.ts'
import { BOUNDARY, multipart, text } from './multipart-body.ts'

/** The target: MAYDAY_TARGET_MOZILLA (a collector with Mozilla's rules, as Antenna's default), else a fleet of our own. */
let fleet: Fleet | null = null
let target = process.env.MAYDAY_TARGET_MOZILLA ?? ''

beforeAll(async () => {
  if (target !== '') return
  fleet = await startFleet({ empty: true, ruleset: 'mozilla' })
  target = fleet.url
})
afterAll(async () => {
  await fleet?.stop()
})

async function send(annotations: Readonly<Record<string, string>>): Promise<{ status: number; text: string }> {
  const response = await fetch(`${target}/submit`, {
    method: 'POST',
    headers: { 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}` },
    body: multipart(Object.entries(annotations).map(([name, value]) => text(name, value))),
  })
  return { status: response.status, text: await response.text() }
}

const overHttp = mozillaCases.filter(({ clock, draw }) => clock === undefined && draw === undefined)

describe('POST /submit with Mozilla’s rules', () => {
  it.each(overHttp)('$id: $what', async ({ annotations, answer }) => {
    const heard = await send(annotations)
    expect(heard.status).toBe(200)
    if (answer === 'fake_accepted') expect(heard.text).toMatch(/^CrashID=bp-[0-9a-f-]{29}3\d{6}\n$/)
    else if ('discarded' in answer) expect(heard.text).toBe(answer.discarded)
    else expect(heard.text).toMatch(/^CrashID=bp-[0-9a-f-]{29}0\d{6}\n$/)
  })
})
