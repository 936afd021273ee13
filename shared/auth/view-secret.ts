import { type CrashId, parseCrashId } from '../crash-id.ts'
import { sameHash } from './token.ts'

/**
 * The secrets in the addresses of crash pages, `/crash/<crash id>?k=<secret>`: whoever has one may see that one page. They are computed, not stored, so that an
 * answer with one costs no round trip and a resend gets the same one.
 */
export interface ViewSecrets {
  /** The secret of a crash: 128 bits as 32 hex digits. */
  of(crashId: CrashId): Promise<string>
  /** The crash id where both are right, else null. Its time does not depend on where a wrong secret differs. */
  check(crashId: string, sent: string): Promise<CrashId | null>
}

/** Half of an HMAC-SHA-256: nobody guesses 128 bits. */
const SECRET_HEX_DIGITS = 32
/** What the deployment's secret signs here, so that it could sign other things too. */
const PURPOSE = 'crash page '

/** The secrets of a deployment; null without its secret (VIEW_URL_SECRET): then there are no crash pages. */
export function viewSecrets(deploymentSecret: string): ViewSecrets | null {
  if (deploymentSecret === '') return null
  let key: Promise<CryptoKey> | null = null
  const of = async (crashId: CrashId): Promise<string> => {
    key ??= hmacKey(deploymentSecret)
    const signature = await crypto.subtle.sign('HMAC', await key, new TextEncoder().encode(`${PURPOSE}${crashId}`))
    const hex = Array.from(new Uint8Array(signature), (byte) => byte.toString(16).padStart(2, '0')).join('')
    return hex.slice(0, SECRET_HEX_DIGITS)
  }
  return {
    of,
    async check(text, sent) {
      const crashId = parseCrashId(text)
      return crashId !== null && sameHash(await of(crashId), sent) ? crashId : null
    },
  }
}

function hmacKey(deploymentSecret: string): Promise<CryptoKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  return crypto.subtle.importKey('raw', new TextEncoder().encode(deploymentSecret), algorithm, false, ['sign'])
}
