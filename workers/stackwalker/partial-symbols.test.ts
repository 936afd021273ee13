import { describe, expect, it } from 'vitest'
import { partialSymbols } from './partial-symbols.ts'

/** A symbol server that says what it was asked. */
const symbols = {
  fetch: async (input: RequestInfo | URL) => {
    const request = new Request(input)
    return new Response(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`)
  },
}

const ask = async (method: string, path: string, body: string | null = null) => {
  const response = await partialSymbols(new Request(`http://symbols.internal${path}`, { method, body }), symbols)
  return [response.status, await response.text()]
}

describe('what the container reaches of the symbol server', () => {
  it('is partial symbol files', async () => {
    expect(await ask('POST', '/symbols/partial', '{"modules":[]}')).toEqual([
      200,
      'POST /symbols/partial {"modules":[]}',
    ])
    expect(await ask('GET', '/symbols/partial/a.so/AB?address=1')).toEqual([200, 'GET /symbols/partial/a.so/AB '])
  })

  it.each([
    ['GET', '/a.so/AB/a.so.sym'],
    ['GET', '/symbols/partially'],
    ['GET', '/symbols/../a.so/AB/a.so.sym'],
    ['PUT', '/symbols/partial'],
    ['POST', '/upload/'],
    ['GET', '/try/symbols/partial/a.so/AB?address=1'],
  ])('is nothing else: %s %s', async (method, path) => {
    expect(await ask(method, path)).toEqual([404, 'Not Found: there is /symbols/partial'])
  })
})
