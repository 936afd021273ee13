import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CONFIG_IMPATIENT_MS, CONFIG_PATIENCE_MS } from '../limits.ts'
import { promptDocument } from './prompt-document.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: 0 })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A document whose reads answer when the test says so, and who asked for it. */
function rig() {
  const reads: ((read: string | null) => void)[] = []
  const seen = { late: 0, deferred: 0, problem: 'not in force: it has a mistake' as string | null }
  const document = promptDocument(
    {
      current: () => new Promise<string | null>((resolve) => reads.push(resolve)),
      problem: () => seen.problem,
    },
    { name: 'the document', clock: () => Date.now(), late: () => void seen.late++ },
  )
  /** Asks as a report does. `answer` stays undefined while the report waits. */
  const ask = () => {
    const asked: { answer: string | null | undefined } = { answer: undefined }
    const answered = document
      .current(() => void seen.deferred++)
      .then((answer) => {
        asked.answer = answer
      })
    return { asked, answered }
  }
  /** Lets the read that began last answer. */
  const answerRead = (read: string | null) => reads.at(-1)?.(read)
  const passMs = (ms: number) => vi.advanceTimersByTimeAsync(ms)
  return { document, reads, seen, ask, answerRead, passMs }
}

/** One report that waited in vain. */
async function lateRig(known: string | null) {
  const made = rig()
  if (known !== null) {
    const first = made.ask()
    made.answerRead(known)
    await first.answered
  }
  const waiting = made.ask()
  await made.passMs(CONFIG_PATIENCE_MS)
  return { ...made, waiting }
}

describe('a document for work that cannot wait', () => {
  it('answers what is in force as soon as it is read', async () => {
    const { ask, answerRead, passMs, seen } = rig()
    const { asked, answered } = ask()
    await passMs(CONFIG_PATIENCE_MS - 1)
    expect(asked.answer).toBeUndefined()
    answerRead('ours')
    await answered
    expect([asked.answer, seen.late]).toEqual(['ours', 0])
  })

  it.each([
    ['null, before the first answer of CONFIG', null],
    ['the last that was in force', 'ours'],
  ])('that is late: %s, once its patience is used up', async (_, known) => {
    const { waiting, seen } = await lateRig(known)
    expect([waiting.asked.answer, seen.late]).toEqual([known, 1])
  })

  it('that was late is not waited for by the next reports, and then again', async () => {
    const { ask, passMs, seen } = await lateRig('ours')
    await passMs(CONFIG_IMPATIENT_MS - 1)
    const impatient = ask()
    await passMs(0)
    expect([impatient.asked.answer, seen.late]).toEqual(['ours', 1])
    await passMs(1)
    const patient = ask()
    await passMs(CONFIG_PATIENCE_MS - 1)
    expect(patient.asked.answer).toBeUndefined()
    await passMs(1)
    expect([patient.asked.answer, seen.late]).toEqual(['ours', 2])
  })

  it('that nobody could read is not waited for either, and nobody is told that it was late', async () => {
    const { ask, answerRead, passMs, seen } = rig()
    const first = ask()
    answerRead(null)
    await first.answered
    const second = ask()
    await passMs(0)
    expect([first.asked.answer, second.asked.answer, seen.late]).toEqual([null, null, 0])
  })

  it('that comes after nobody waited for it any more is in force for the next report', async () => {
    const { ask, answerRead, passMs } = await lateRig('ours')
    answerRead('theirs')
    await passMs(0)
    const next = ask()
    await passMs(0)
    expect(next.asked.answer).toBe('theirs')
  })

  it('that was in force stays so when a read fails', async () => {
    const { ask, answerRead, passMs } = await lateRig('ours')
    answerRead(null)
    await passMs(CONFIG_IMPATIENT_MS)
    const next = ask()
    answerRead(null)
    await next.answered
    expect(next.asked.answer).toBe('ours')
  })

  it('tells of each wait in vain, where many wait at once', async () => {
    const { ask, passMs, seen } = rig()
    const waiting = [ask(), ask(), ask()]
    await passMs(CONFIG_PATIENCE_MS)
    expect([waiting.map(({ asked }) => asked.answer), seen.late]).toEqual([[null, null, null], 3])
  })

  it('gives each read to the request that began it, which keeps it alive, also where nobody waits', async () => {
    const { ask, passMs, reads, seen } = await lateRig(null)
    ask()
    await passMs(0)
    expect([reads.length, seen.deferred]).toEqual([2, 2])
  })

  it('says why it is not in force', () => {
    const { document, seen } = rig()
    expect(document.problem()).toBe('not in force: it has a mistake')
    seen.problem = null
    expect(document.problem()).toBeNull()
  })
})
