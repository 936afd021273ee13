import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'

/** What stands in for Cloudflare Access in tests: a real RSA key, its key set, and assertions signed with it. */

export const TEAM_DOMAIN = 'example.cloudflareaccess.com'
export const AUDIENCE = '4714c1358e65fe4b408ad6d432a5f878f08194bdb4752441fd56faefa9b2b6f2'

/** What a test changes of a good assertion. Null takes a claim out. */
export interface AssertionChanges {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly kid?: string
}

/** Made once a test file: a key takes half a second. */
const pairs = new Map<string, ReturnType<typeof generateKeyPair>>()
function pair(name: string, algorithm: string): ReturnType<typeof generateKeyPair> {
  const made = pairs.get(name) ?? generateKeyPair(algorithm)
  pairs.set(name, made)
  return made
}

export async function accessIssuer(clock: () => number) {
  const [ours, others] = await Promise.all([pair('ours', 'RS256'), pair('others', 'RS256')])
  const keys = [{ ...(await exportJWK(ours.publicKey)), kid: 'key-1', alg: 'RS256', use: 'sig' }]
  const asked: string[] = []
  const state = {
    keys,
    /** How the keys are answered; tests change it. */
    answer: async (): Promise<Response> => Response.json({ keys: state.keys }),
    asked,
  }
  const payload = (changed: AssertionChanges): JWTPayload => {
    const now = Math.floor(clock() / 1000)
    const claims: Record<string, unknown> = {
      aud: [AUDIENCE],
      email: 'ada@example.com',
      exp: now + 3_600,
      iat: now,
      nbf: now,
      iss: `https://${TEAM_DOMAIN}`,
      type: 'app',
      sub: '7335d417-61da-459d-899c-0a01c76a2f94',
      ...changed.claims,
    }
    return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null))
  }
  return {
    state,
    fetch: async (url: string, _init: RequestInit): Promise<Response> => {
      asked.push(url)
      return state.answer()
    },
    payload,
    /** An assertion as Access signs them. */
    assertion: (changed: AssertionChanges = {}) =>
      new SignJWT(payload(changed))
        .setProtectedHeader({ alg: 'RS256', kid: changed.kid ?? 'key-1' })
        .sign(ours.privateKey),
    /** The same, signed by somebody else. */
    forged: () => new SignJWT(payload({})).setProtectedHeader({ alg: 'RS256', kid: 'key-1' }).sign(others.privateKey),
    /** The same by the other algorithm of RSA keys. */
    async signedWith(alg: 'PS256'): Promise<string> {
      const { privateKey } = await pair(alg, alg)
      return new SignJWT(payload({})).setProtectedHeader({ alg, kid: 'key-1' }).sign(privateKey)
    },
    /** The same, with the public key as if it were a shared secret. */
    signedWithPublicKey: () =>
      new SignJWT(payload({}))
        .setProtectedHeader({ alg: 'HS256', kid: 'key-1' })
        .sign(new TextEncoder().encode(JSON.stringify(keys[0]))),
    unsigned: () => `${base64Url({ alg: 'none', kid: 'key-1' })}.${base64Url(payload({}))}.`,
  }
}

function base64Url(value: object): string {
  return btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
