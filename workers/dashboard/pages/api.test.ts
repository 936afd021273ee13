import { beforeAll, describe, expect, it } from 'vitest'
import { isRequired } from '../api/model.ts'
import { MODELS } from '../api/models.ts'
import { CLIENT_SCRIPT } from '../asset-files.ts'
import { dashboardRig } from '../dashboard-rig.ts'
import { attributes, texts } from '../page-reading.ts'

let rig: Awaited<ReturnType<typeof dashboardRig>>
let page: string
beforeAll(async () => {
  rig = await dashboardRig()
  page = await (await rig.fetch('/api/')).text()
})

describe('/api/', () => {
  it('shows every service, with its verbs and the permission that it needs', async () => {
    expect(await texts(page, '.service h2')).toEqual(MODELS.map(({ name }) => name))
    expect(await texts(page, '#BugLinks .badge')).toEqual(['POST', 'PUT', 'DELETE', 'needs Link Bugs'])
    expect(await texts(page, '#NoOp .badge')).toEqual(['GET'])
  })

  it('offers each parameter of a service in a form that asks it, filled with an example where one is required', async () => {
    for (const { name, parameters, body, tried } of MODELS) {
      const fields = await attributes(page, `#${name} input`, 'name')
      const offered = Object.keys(parameters).filter((parameter) => tried?.includes(parameter) ?? true)
      expect([name, fields]).toEqual([name, body === undefined ? offered : []])
      const required = Object.keys(parameters).filter((parameter) => isRequired(parameters[parameter]))
      const labels = (await texts(page, `#${name} label`)).filter((label) => label.endsWith(' (required)'))
      expect(labels).toEqual(required.map((parameter) => `${parameter} (required)`))
    }
  })

  it('has examples that are good: each GET form as it stands gets 200, or 404 for a crash that is not there', async () => {
    for (const { name } of MODELS.filter(({ verbs, needs }) => verbs.includes('GET') && needs === null)) {
      const names = await attributes(page, `#${name} input`, 'name')
      const values = await attributes(page, `#${name} input`, 'value')
      const query = new URLSearchParams(names.map((parameter, at) => [parameter, values[at] ?? '']))
      const [action = ''] = await attributes(page, `#${name} form`, 'action')
      expect([200, 404], `${action}?${query}`).toContain((await rig.fetch(`${action}?${query}`)).status)
    }
  })

  it('lets nobody press what they may not do', async () => {
    expect(await attributes(page, '.service button', 'disabled')).toHaveLength(3)
    const own = await (await rig.fetch('/api/', { headers: await rig.signIn('investigator@example.com') })).text()
    expect(await attributes(own, '.service button', 'disabled')).toEqual([])
  })

  it('runs and styles nothing inline, and leads to the OpenAPI document and the tokens', async () => {
    expect(await attributes(page, 'script', 'src')).toEqual([CLIENT_SCRIPT.path])
    expect((await texts(page, 'script')).join('')).toBe('')
    expect(await attributes(page, '[style]', 'style')).toEqual([])
    const links = await attributes(page, 'main a', 'href')
    for (const link of ['/api/openapi.json', '/api/tokens/']) {
      expect(links).toContain(link)
      expect((await rig.fetch(link, { headers: { Accept: 'text/html' } })).status).toBeLessThan(400)
    }
  })
})
