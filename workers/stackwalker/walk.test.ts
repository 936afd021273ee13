import { describe, expect, it } from 'vitest'
import { STACKWALK_OPTIONS_HEADER } from '#shared/minidump/stackwalk.ts'
import { type StackwalkService, walk } from './walk.ts'

const dump = () => new Blob(['MDMP']).stream()
const OPTIONS = { crash_id: '0bba929f-8721-460c-8e70-a43c95261123' }

/** A service that answers with this, and keeps the request. */
function service(answer: () => Response | Promise<Response>) {
  const requests: Request[] = []
  const bodies: string[] = []
  const fake: StackwalkService = {
    async fetch(url, init) {
      const request = new Request(url, init)
      requests.push(request)
      bodies.push(new TextDecoder().decode(await request.clone().arrayBuffer()))
      return answer()
    },
  }
  return { fake, requests, bodies }
}

describe('walk', () => {
  it('sends the minidump and its options, and passes the answer on as it is', async () => {
    const { fake, requests, bodies } = service(() =>
      Response.json({ kind: 'failed', status: 'HeaderMismatch', detail: '' }),
    )
    const answer = await walk(fake, dump(), { ...OPTIONS, module_signature_info: '{"Zertifikat Ü":["a.dll"]}' })
    expect(bodies).toEqual(['MDMP'])
    expect(requests[0]?.method).toBe('POST')
    expect(new URL(requests[0]?.url ?? '').pathname).toBe('/stackwalk')
    const header = requests[0]?.headers.get(STACKWALK_OPTIONS_HEADER) ?? ''
    expect(header).toMatch(/^[A-Za-z0-9_-]+$/)
    const bytes = Uint8Array.from(atob(header.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
    expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual({
      ...OPTIONS,
      module_signature_info: '{"Zertifikat Ü":["a.dll"]}',
    })
    if (answer.kind !== 'answered') throw new Error(answer.kind)
    expect(await new Response(answer.body).json()).toEqual({ kind: 'failed', status: 'HeaderMismatch', detail: '' })
  })

  it('leaves out certificates that are too long for a header', async () => {
    const { fake, requests } = service(() => Response.json({}))
    await walk(fake, dump(), { ...OPTIONS, module_signature_info: 'x'.repeat(32_769) })
    expect(requests[0]?.headers.get(STACKWALK_OPTIONS_HEADER)?.length).toBeLessThan(200)
  })

  it.each([
    ['busy', () => Response.json({ kind: 'busy' }, { status: 503 }), { kind: 'busy' }],
    [
      'waiting for the index of a sym file',
      () => Response.json({ kind: 'unavailable', reason: 'symbols_indexing', retry_after_seconds: 5 }, { status: 503 }),
      { kind: 'symbols_indexing', retry_after_seconds: 5 },
    ],
    [
      'stopping',
      () => Response.json({ kind: 'unavailable', reason: 'shutting_down' }, { status: 503 }),
      { kind: 'unavailable', reason: 'HTTP 503 shutting_down' },
    ],
    [
      'a proxy in between',
      () => new Response('<html>', { status: 502 }),
      { kind: 'unavailable', reason: 'HTTP 502 unknown' },
    ],
    [
      'away',
      () => Promise.reject(new Error('connection refused')),
      { kind: 'unavailable', reason: 'Error: connection refused' },
    ],
  ])('names the trouble of a service that is %s', async (_, answer, expected) => {
    expect(await walk(service(answer).fake, dump(), OPTIONS)).toEqual(expected)
  })

  it('makes a dump that is too large a failed walk: sending it again would not help', async () => {
    const { fake } = service(() => Response.json({ kind: 'refused', reason: 'body_too_large' }, { status: 413 }))
    const answer = await walk(fake, dump(), OPTIONS)
    if (answer.kind !== 'answered') throw new Error(answer.kind)
    expect(await new Response(answer.body).json()).toMatchObject({ kind: 'failed', status: 'MinidumpTooLarge' })
  })
})
