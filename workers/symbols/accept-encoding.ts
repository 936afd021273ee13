/**
 * What the client itself sent: on the way to a Worker the platform writes its own codings into the header, and
 * decodes what the client does not take.
 */
function sentAcceptEncoding({ headers, cf }: Request): string {
  const sent: unknown = cf !== undefined && 'clientAcceptEncoding' in cf ? cf.clientAcceptEncoding : undefined
  return typeof sent === 'string' ? sent : (headers.get('Accept-Encoding') ?? '')
}

/**
 * Whether a client says that it takes gzip. One that says nothing gets the plain bytes: curl would show them as they
 * come.
 */
export function acceptsGzip(request: Request): boolean {
  const codings = sentAcceptEncoding(request)
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
  const quality = (name: string) => {
    const coding = codings.find((text) => text === name || text.startsWith(`${name};`))
    return coding === undefined ? null : Number(/;\s*q=([0-9.]+)/.exec(coding)?.[1] ?? 1)
  }
  return (quality('gzip') ?? quality('*') ?? 0) > 0
}
