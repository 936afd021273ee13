import { describe, expect, it } from 'vitest'
import { DeadlineExceeded, withDeadline } from './deadline.ts'

describe('a deadline', () => {
  it('gives what arrives in time, and the error of what fails in time', async () => {
    expect(await withDeadline('R2', 1_000, Promise.resolve('here'))).toBe('here')
    await expect(withDeadline('R2', 1_000, Promise.reject(new Error('refused')))).rejects.toThrow('refused')
  })

  it('names what did not answer', async () => {
    const late = withDeadline('queue send', 5, new Promise(() => {}))
    await expect(late).rejects.toThrow(DeadlineExceeded)
    await expect(late).rejects.toThrow('queue send did not answer within 5 ms')
  })
})
