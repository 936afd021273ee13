import { describe, expect, it } from 'vitest'
import { LARGE_CRASH_TURN_LEASE_MS, MAX_SMALL_CRASH_JSON_BYTES, MAX_STACKWALK_JSON_BYTES } from '#shared/limits.ts'
import { CrashMemory, LargeCrashTurn, LargeCrashWaits } from './crash-memory.ts'

const LARGE_BYTES = MAX_SMALL_CRASH_JSON_BYTES + 1

function rig() {
  const at = { nowMs: 0 }
  return { at, turn: new LargeCrashTurn(() => at.nowMs) }
}

/** Whether the promise is still open after everything that could run has run. */
async function isWaiting(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol('open')
  const tick = new Promise((resolve) => setTimeout(resolve, 5, open))
  return (await Promise.race([promise.catch(() => {}), tick])) === open
}

describe('the memory of crashes', () => {
  it('lets any number of small crashes go on at once', async () => {
    const { turn } = rig()
    const crashes = Array.from({ length: 6 }, () => new CrashMemory(turn))
    expect(await Promise.all(crashes.map((crash) => crash.hold(MAX_SMALL_CRASH_JSON_BYTES)))).toEqual(
      Array(6).fill('held'),
    )
  })

  it('gives large crashes their turns one after the other, in their order', async () => {
    const { turn } = rig()
    const [first, second, third] = [new CrashMemory(turn), new CrashMemory(turn), new CrashMemory(turn)]
    await first.hold(LARGE_BYTES)
    const waits = second.hold(LARGE_BYTES)
    const waitsLonger = third.hold(LARGE_BYTES)
    expect([await isWaiting(waits), await isWaiting(waitsLonger)]).toEqual([true, true])
    first.release()
    expect([await isWaiting(waits), await isWaiting(waitsLonger)]).toEqual([false, true])
    second.release()
    expect(await waitsLonger).toBe('held')
  })

  it('counts all JSON of a crash together', async () => {
    const { turn } = rig()
    const [first, second] = [new CrashMemory(turn), new CrashMemory(turn)]
    await first.hold(LARGE_BYTES)
    await second.hold(MAX_SMALL_CRASH_JSON_BYTES)
    const waits = second.hold(1)
    expect(await isWaiting(waits)).toBe(true)
    first.release()
    expect(await waits).toBe('held')
    expect(await second.hold(MAX_STACKWALK_JSON_BYTES - MAX_SMALL_CRASH_JSON_BYTES - 1)).toBe('held')
    expect(await second.hold(1)).toBe('too_large')
  })

  it('makes a large earlier processed crash wait too', async () => {
    const { turn } = rig()
    const [first, second] = [new CrashMemory(turn), new CrashMemory(turn)]
    await first.waitIfLarge(LARGE_BYTES)
    expect(await isWaiting(second.waitIfLarge(MAX_SMALL_CRASH_JSON_BYTES))).toBe(false)
    expect(await isWaiting(second.waitIfLarge(LARGE_BYTES))).toBe(true)
  })

  it('sends a crash back when its turn does not come, and gives the turn to the next', async () => {
    const { turn } = rig()
    const held = await turn.take()
    await expect(turn.take(10)).rejects.toThrow('turn of a large crash')
    const waits = turn.take()
    turn.end(held)
    expect(await isWaiting(waits)).toBe(false)
  })

  it('takes a turn back whose holder is gone, and does not let it end another’s', async () => {
    const { at, turn } = rig()
    const lost = await turn.take()
    at.nowMs = LARGE_CRASH_TURN_LEASE_MS
    await expect(turn.take(5)).rejects.toThrow('turn of a large crash')
    at.nowMs += 1
    await turn.take()
    turn.end(lost)
    expect(await isWaiting(turn.take(20))).toBe(true)
  })

  it('gives nothing to the late work of a crash that is done with', async () => {
    const { turn } = rig()
    const [first, late] = [new CrashMemory(turn), new CrashMemory(turn)]
    await first.hold(LARGE_BYTES)
    const tooLate = late.hold(LARGE_BYTES)
    late.release()
    first.release()
    await expect(tooLate).rejects.toThrow(LargeCrashWaits)
    await expect(late.hold(1)).rejects.toThrow(LargeCrashWaits)
    expect(await isWaiting(turn.take())).toBe(false)
  })
})
