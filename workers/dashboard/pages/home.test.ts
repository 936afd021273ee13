import { describe, expect, it } from 'vitest'
import type { SearchQuery } from '#shared/search/search-query.ts'
import { dashboardRig, NOW_MS } from '../dashboard-rig.ts'
import { attributes, texts } from '../page-reading.ts'

const CRASH_ID = '0bba929f-8721-460c-8e70-a43c90261123'

function productOf(query: SearchQuery): string | null {
  const condition = query.filters.find(({ field }) => field.name === 'product')?.any[0]
  return condition?.operator === 'is' ? String(condition.values[0]) : null
}

function searchOf(products: readonly string[]) {
  return {
    query: async (query: SearchQuery) => {
      const product = productOf(query)
      if (product === null) {
        const terms = products.map((term, at) => ({ term, count: 10 - at }))
        return { hits: [], total: 55, facets: { product: terms, signature: [{ term: 'a', count: 1 }] }, errors: [] }
      }
      const date = new Date(NOW_MS - 120_000).toISOString()
      return {
        hits: [{ uuid: CRASH_ID, date, signature: `crash of ${product}`, version: '1.0' }],
        total: 1,
        facets: {},
        errors: [],
      }
    },
  }
}

describe('/', () => {
  it('shows counts and the latest crashes of each product', async () => {
    const rig = await dashboardRig({ search: searchOf(['WaterWolf', 'NightTrain']) })
    const page = await (await rig.fetch('/')).text()
    expect(await texts(page, '.counts dd')).toEqual(['55', '1', '2'])
    expect(await texts(page, '.product-cards h2')).toEqual(['WaterWolf', 'NightTrain'])
    expect(await texts(page, '.latest tbody td')).toEqual([
      'crash of WaterWolf',
      '1.0',
      '2 min ago',
      'crash of NightTrain',
      '1.0',
      '2 min ago',
    ])
    expect(await attributes(page, '.latest a', 'href')).toEqual([
      `/report/index/${CRASH_ID}`,
      `/report/index/${CRASH_ID}`,
    ])
  })

  it('asks for at most eight products, and counts the others', async () => {
    const rig = await dashboardRig({ search: searchOf(['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J']) })
    const page = await (await rig.fetch('/')).text()
    expect(await texts(page, '.product-cards h2')).toHaveLength(8)
    expect(page).toContain('2 more products')
  })

  it('gives three commands for this very address', async () => {
    const rig = await dashboardRig()
    const commands = await texts(await (await rig.fetch('/')).text(), '.try-next pre')
    expect(commands).toEqual([
      'npm run --silent mayday -- submit --url http://localhost:8787 -a ProductName=MyApp -a Version=1.0 crash.dmp',
      'npm run --silent mayday -- token create --email you@example.com --permissions upload_symbols',
      'npm run --silent mayday -- upload-symbols --url http://localhost:8787 --token TOKEN path/to/symbols',
    ])
  })

  it('says that there is nothing yet, and that an answer is partial', async () => {
    const rig = await dashboardRig()
    expect(await (await rig.fetch('/')).text()).toContain('No crashes in the last seven days')
    rig.state.answer = {
      hits: [],
      total: 0,
      facets: {},
      errors: [{ type: 'shards', index: '2026W47', shards_count: 1 }],
    }
    expect(await (await rig.fetch('/')).text()).toContain('Search did not answer in full')
  })
})
