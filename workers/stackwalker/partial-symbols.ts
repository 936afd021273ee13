const PARTIAL_PATH = /^\/symbols\/partial(?:\/|$)/

/**
 * What the container may ask of the outside: partial symbol files, with GET, HEAD or POST. All else is 404, so that what a hostile minidump does to the
 * container cannot reach whole symbol files or anything that writes.
 */
export async function partialSymbols(request: Request, symbols: Pick<Fetcher, 'fetch'>): Promise<Response> {
  const isRead = request.method === 'GET' || request.method === 'HEAD' || request.method === 'POST'
  if (isRead && PARTIAL_PATH.test(new URL(request.url).pathname)) return symbols.fetch(request)
  await request.body?.cancel()
  return new Response('Not Found: there is /symbols/partial', { status: 404 })
}
