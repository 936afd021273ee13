import { describe, expect, it } from 'vitest'
import { BUILT_IN_FIELDS, type SearchField } from '#shared/search/fields.ts'
import { filterChips, formOfQuery, isFormSubmission, queryOfForm, withTerm } from './search-form.ts'

const query = (text: string) => new URLSearchParams(text)
const submitted = (fields: Record<string, string>) => queryOfForm(new URLSearchParams({ form: '1', ...fields }))

describe('queryOfForm', () => {
  it('makes the parameters of SuperSearch of what was typed', () => {
    const result = submitted({
      signature_op: '~',
      signature_text: ' js::foo ',
      product_text: 'WaterWolf',
      version_text: '1.0',
      from: '2026-11-01',
      to: '2026-11-30',
      platform: 'Linux',
      _sort: '-date',
      _results_offset: '100',
    })
    expect([...result]).toEqual([
      ['signature', '~js::foo'],
      ['product', 'WaterWolf'],
      ['version', '1.0'],
      ['date', '>=2026-11-01'],
      ['date', '<2026-12-01'],
      ['platform', 'Linux'],
      ['_sort', '-date'],
    ])
  })

  it('leaves out what is blank or no day', () => {
    expect([...submitted({ signature_op: '~', signature_text: ' ', from: 'x', to: '2026-13-45' })]).toEqual([])
    expect(isFormSubmission(query('signature=~x'))).toBe(false)
    expect(isFormSubmission(query('form=1'))).toBe(true)
  })
})

describe('formOfQuery', () => {
  it.each([
    'signature=%7Ejs&product=WaterWolf&version=1.0&date=%3E%3D2026-11-01&date=%3C2026-12-01',
    'signature=%3Dexact+one',
    'signature=words',
    'platform=Linux&signature=%5Ea&_columns=uuid',
    'signature=%21%7Enot+this&product=a&product=b',
    'date=%3E2026-11-01T10%3A00%3A00',
    'signature=__null__&version=__null__',
  ])('shows %s, and submitting it unchanged asks the same', (address) => {
    const form = formOfQuery(query(address))
    const again = submitted({
      signature_op: form.signature.operator,
      signature_text: form.signature.value,
      product_text: form.product,
      version_text: form.version,
      from: form.from,
      to: form.to,
    })
    for (const [name, value] of form.others) again.append(name, value)
    const sorted = (params: URLSearchParams) => [...params].map(([k, v]) => `${k}=${v}`).sort()
    expect(sorted(again)).toEqual(sorted(query(address)))
  })
})

describe('filterChips', () => {
  it('says each filter in words and gives the query without it', () => {
    const chips = filterChips(
      query('signature=!~js&product=~x&uptime=>=5&_sort=date&_results_offset=50'),
      BUILT_IN_FIELDS,
    )
    expect(chips.map(({ text }) => text)).toEqual(['signature not contains js', 'product is ~x', 'uptime ≥ 5'])
    expect(chips[0]?.without.toString()).toBe('product=%7Ex&uptime=%3E%3D5&_sort=date')
  })
})

describe('withTerm', () => {
  const field = (name: string): SearchField => {
    const found = BUILT_IN_FIELDS.find(name)
    if (found === null) throw new Error(name)
    return found
  }

  it('asks for exactly the term, once', () => {
    expect(withTerm(query('_results_offset=50'), field('signature'), '~foo(bar)')?.toString()).toBe(
      'signature=%3D%7Efoo%28bar%29',
    )
    expect(withTerm(query('product=A'), field('product'), 'A')?.getAll('product')).toEqual(['A'])
  })

  it('asks for one part of a list', () => {
    const term = 'xul.dll/1/ab1'
    expect(withTerm(query(''), field('missing_symbols'), term)?.get('missing_symbols')).toBe(term)
  })

  it('gives nothing where a value would be read as an operator, or cannot be asked for', () => {
    expect(withTerm(query(''), field('product'), '!A')).toBeNull()
    expect(withTerm(query(''), field('product'), '')).toBeNull()
    expect(withTerm(query(''), field('missing_symbols'), '~a')).toBeNull()
    expect(withTerm(query(''), field('date'), '2026-11-18T00:00:00+00:00')).toBeNull()
    expect(withTerm(query(''), { ...field('signature'), operators: [''] }, 'a')).toBeNull()
  })
})
