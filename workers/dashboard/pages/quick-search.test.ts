import { beforeAll, describe, expect, it } from 'vitest'
import { dashboardRig } from '../dashboard-rig.ts'

const CRASH_ID = '0bba929f-8721-460c-8e70-a43c95261123'

let rig: Awaited<ReturnType<typeof dashboardRig>>
beforeAll(async () => {
  rig = await dashboardRig()
  await rig.deps.bugLinks.change(7, ['one()'], [])
  await rig.deps.bugLinks.change(8, ['one()', 'two & three'], [])
})

const placeOf = async (query: string, asked = rig) => {
  const response = await asked.fetch(`/search/quick/?${new URLSearchParams({ query })}`)
  expect(response.status).toBe(302)
  return response.headers.get('Location')
}

describe('/search/quick/', () => {
  it.each([
    [`bp-${CRASH_ID}`, `/report/index/${CRASH_ID}`],
    [` ${CRASH_ID.toUpperCase()} `, `/report/index/${CRASH_ID}`],
    ['js::foo', '/search/?signature=%7Ejs%3A%3Afoo'],
    ['//evil.example', '/search/?signature=%7E%2F%2Fevil.example'],
    ['', '/search/'],
    ['F49225E21D4B88C1624374BBA355E5B5a', '/search/?modules_in_stack=%7EF49225E21D4B88C1624374BBA355E5B5A'],
    ['bug 7', '/signature/?signature=one%28%29'],
    ['#7', '/signature/?signature=one%28%29'],
    ['8', '/search/?signature=%3Done%28%29&signature=%3Dtwo+%26+three'],
    ['bug 9', '/search/?signature=%7Ebug+9'],
    ['1234567890123456', '/search/?signature=%7E1234567890123456'],
  ])('sends %j to %s', async (query, location) => {
    expect(await placeOf(query)).toBe(location)
  })

  it('seeks a bug as text where D1 does not answer', async () => {
    const ofBugs = () => Promise.reject(new Error('down'))
    const down = await dashboardRig({ bugLinks: { ...rig.deps.bugLinks, ofBugs } })
    expect(await placeOf('bug 7', down)).toBe('/search/?signature=%7Ebug+7')
  })
})
