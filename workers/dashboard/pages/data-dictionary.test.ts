import { describe, expect, it } from 'vitest'
import { parseAnnotations } from '#shared/annotations/annotations-document.ts'
import { annotationRegistry } from '#shared/annotations/registry.ts'
import { dashboardRig } from '../dashboard-rig.ts'
import { attributes, texts } from '../page-reading.ts'

const PAGE = '/documentation/datadictionary/'
const fieldPage = (dataset: string, name: string) => `/documentation/datadictionary/dataset/${dataset}/field/${name}`

/** A dashboard whose deployment lists two annotations. */
function rig() {
  const parsed = parseAnnotations(
    JSON.stringify({
      version: 1,
      annotations: [
        {
          name: 'RenderBackend',
          type: 'string',
          description: 'What draws, <b>bold</b>.',
          permission: 'public',
          reason: 'decided on 1 May',
          operators: ['', '__null__'],
        },
        { name: '=Formula', key: 'formula', type: 'integer', description: 'a, "b"', permission: 'protected' },
      ],
    }),
  )
  if (parsed.kind !== 'parsed') throw new Error(JSON.stringify(parsed))
  const registry = annotationRegistry(parsed.document)
  return dashboardRig({ annotations: { current: async () => registry, problem: () => null } })
}

describe('the data dictionary', () => {
  it('lists built-in annotations and keys, and those of the deployment', async () => {
    const { fetch } = await rig()
    const response = await fetch(PAGE)
    expect(response.status).toBe(200)
    const page = await response.text()
    const rows = await texts(page, 'tbody tr')
    expect(rows.find((row) => row.startsWith('RenderBackend'))).toBe(
      'RenderBackenddeploymentstringpublicrender_backendWhat draws, <b>bold</b>.',
    )
    expect(rows.find((row) => row.startsWith('Comments'))).toContain('protected')
    expect(rows.find((row) => row.startsWith('os_name'))).toContain('platform')
    expect(await attributes(page, 'tbody a', 'href')).toContain(fieldPage('processed', 'render_backend'))
  })

  it('finds by a part of the name, the description or the search field', async () => {
    const { fetch } = await rig()
    const names = async (sought: string) => texts(await (await fetch(`${PAGE}?q=${sought}`)).text(), 'tbody th a')
    expect(await names('BACKEND')).toEqual(['RenderBackend', 'render_backend'])
    expect(await names('memory_ghost')).toEqual(['memory_measures'])
    expect(await names('nothingofthatname')).toEqual([])
  })

  it('has a page for each, which leads to its counterpart and to the search', async () => {
    const { fetch } = await rig()
    const page = await (await fetch(fieldPage('annotation', 'RenderBackend'))).text()
    expect(await texts(page, 'main dd')).toEqual([
      'string',
      'public',
      'render_backend',
      'this deployment’s annotations.json: decided on 1 May',
    ])
    expect(await attributes(page, 'main dd a', 'href')).toEqual([fieldPage('processed', 'render_backend')])
    expect(await texts(page, 'tbody tr')).toEqual(['render_backendenumnone __null__public'])
    expect(await attributes(page, 'tbody a', 'href')).toEqual(['/search/?_facets=render_backend'])
    const key = await (await fetch(fieldPage('processed', 'user_comments'))).text()
    expect(await attributes(key, 'main dd a', 'href')).toEqual([fieldPage('annotation', 'Comments')])
    const rule = await (await fetch(fieldPage('processed', 'memory_report'))).text()
    expect(rule).toContain('It cannot be searched.')
    expect((await fetch(fieldPage('annotation', '%3DFormula'))).status).toBe(200)
  })

  it.each([
    fieldPage('annotation', 'Unlisted'),
    fieldPage('annotation', '__proto__'),
    fieldPage('raw', 'Comments'),
    fieldPage('annotation', '%00'),
    fieldPage('annotation', '%3Cscript%3E'),
  ])('answers 404 for %s', async (path) => {
    const { fetch } = await rig()
    expect((await fetch(path)).status).toBe(404)
  })

  it('is a CSV for spreadsheets, without formulas', async () => {
    const { fetch } = await rig()
    const response = await fetch('/documentation/datadictionary.csv')
    expect(response.headers.get('Content-Type')).toBe('text/csv; charset=utf-8')
    const lines = (await response.text()).split('\r\n')
    expect(lines[0]).toBe(
      'dataset,name,type,permission,scrubbed,counterpart,search_fields,search_types,operators,origin,reason,description',
    )
    expect(lines).toContain(
      'annotation,RenderBackend,string,public,no,render_backend,render_backend,enum,none __null__,deployment,decided on 1 May,"What draws, <b>bold</b>."',
    )
    expect(lines).toContain(
      `annotation,'=Formula,integer,protected,no,formula,formula,int,none >= <= > < __null__,deployment,,"a, ""b"""`,
    )
    expect(lines.filter((line) => line.startsWith('processed,build,'))[0]).toContain('build_id;BuildID,int;str')
  })

  it('is there while CONFIG does not answer', async () => {
    const { fetch } = await dashboardRig({ annotations: { current: async () => null, problem: () => null } })
    expect((await fetch(PAGE)).status).toBe(200)
  })
})

describe('the report page', () => {
  it('marks an annotation of the deployment by its entry, others as protected', async () => {
    const { fetch, keep, signIn } = await rig()
    const crashId = keep({ state: 'processed', annotations: { RenderBackend: 'vulkan', Unlisted: 'x' } })
    const cookie = await signIn('investigator@example.com')
    const page = await (await fetch(`/report/index/${crashId}?tab=annotations`, { headers: cookie })).text()
    expect(await texts(page, 'table.annotations tbody th')).toEqual(['RenderBackend', 'Unlistedprotected'])
  })
})
