import { describe, expect, it } from 'vitest'
import { parseCrashId } from '../crash-id.ts'
import { viewSecrets } from './view-secret.ts'

const DEPLOYMENT_SECRET = 'a deployment secret of 32 or more characters'
const crashId = parseCrashId('0bba929f-8721-460c-8e70-a43c95261123')
const otherId = parseCrashId('0bba929f-8721-460c-8e70-a43c95261124')
if (crashId === null || otherId === null) throw new Error('not crash ids')
const secrets = viewSecrets(DEPLOYMENT_SECRET)
if (secrets === null) throw new Error('no secrets')

describe('the secret of a crash page', () => {
  it('is the first half of an HMAC-SHA-256 of the crash id, so nothing has to be stored', async () => {
    // openssl dgst -sha256 -hmac <the deployment's secret>, of `crash page ` and the id
    expect(await secrets.of(crashId)).toBe('4adb3a312c0207d3c85cb3ff5c5a9140')
    expect(await secrets.of(crashId)).toBe(await secrets.of(crashId))
  })

  it('opens its own crash only', async () => {
    const secret = await secrets.of(crashId)
    expect(await secrets.check(crashId, secret)).toBe(crashId)
    expect(await secrets.check(otherId, secret)).toBeNull()
    expect(await viewSecrets(`${DEPLOYMENT_SECRET}!`)?.check(crashId, secret)).toBeNull()
  })

  it('must be whole: no shorter, longer or otherwise written text is right', async () => {
    const secret = await secrets.of(crashId)
    const last = secret.endsWith('0') ? '1' : '0'
    const wrong = ['', secret.slice(1), `${secret}0`, `${secret} `, secret.toUpperCase().replace(/\d/g, 'A')]
    for (const sent of [...wrong, `${secret.slice(0, -1)}${last}`])
      expect(await secrets.check(crashId, sent)).toBeNull()
    for (const id of ['', 'bp-', `${crashId}\n`, crashId.toUpperCase(), `bp-${crashId}`])
      expect(await secrets.check(id, secret)).toBeNull()
  })

  it('is not there without a deployment secret', () => {
    expect(viewSecrets('')).toBeNull()
  })
})
