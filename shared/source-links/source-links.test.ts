import { describe, expect, it } from 'vitest'
import { productsSchema } from '../products/products.ts'
import { sourceFinder } from './source-links.ts'
import { type SourceRule, sourceRuleSchema } from './source-rule.ts'

const find = sourceFinder()
const href = (file: string, line: number | null = 5) => find(file, line, null).href
const rule = (rule: unknown): SourceRule => sourceRuleSchema.parse(rule)

describe('paths that say where their source is', () => {
  it.each([
    [
      'git:github.com/rust-lang/rust:library/std/src/panic.rs:9fc6b431',
      'https://github.com/rust-lang/rust/blob/9fc6b431/library/std/src/panic.rs#L5',
    ],
    [
      'hg:hg.mozilla.org/mozilla-central:xpcom/nsDebug.cpp:5a7b',
      'https://hg.mozilla.org/mozilla-central/file/5a7b/xpcom/nsDebug.cpp#l5',
    ],
    ['git:gitlab.com/a/b/c:src/x.c:ab12', 'https://gitlab.com/a/b/c/-/blob/ab12/src/x.c#L5'],
    [
      'git:gitlab.gnome.org/GNOME/glib:glib/gmain.c:ab',
      'https://gitlab.gnome.org/GNOME/glib/-/blob/ab/glib/gmain.c#L5',
    ],
    ['git:codeberg.org/a/b:x.c:ab', 'https://codeberg.org/a/b/src/commit/ab/x.c#L5'],
    ['git:bitbucket.org/a/b:x.c:ab', 'https://bitbucket.org/a/b/src/ab/x.c#lines-5'],
    [
      'git:chromium.googlesource.com/chromium/src:base/bind.h:ab',
      'https://chromium.googlesource.com/chromium/src/+/ab/base/bind.h#5',
    ],
    [
      'cargo:github.com-1ecc6299db9ec823:addr2line-0.16.0:src/function.rs',
      'https://docs.rs/crate/addr2line/0.16.0/source/src/function.rs#L5',
    ],
    [
      '/home/u/.cargo/registry/src/index.crates.io-6f17d22bba15001f/tokio-util-1.6.1-rc.2/src/a.rs',
      'https://docs.rs/crate/tokio-util/1.6.1-rc.2/source/src/a.rs#L5',
    ],
    [
      'C:\\Users\\u\\.cargo\\registry\\src\\index.crates.io-6f17d22bba15001f\\ring-0.17.8\\src\\a.rs',
      'https://docs.rs/crate/ring/0.17.8/source/src/a.rs#L5',
    ],
    ['/rust/deps/gimli-0.29.0/src/read/abbrev.rs', 'https://docs.rs/crate/gimli/0.29.0/source/src/read/abbrev.rs#L5'],
  ])('%s', (file, expected) => {
    expect(href(file)).toBe(expected)
  })

  it("are Rust's standard library at the compiler's commit, with either slash, and short for people", () => {
    const commit = '59807616e1fa2540724bfbac14d7976d7e4a3860'
    const expected = `https://github.com/rust-lang/rust/blob/${commit}/library/std/src/rt.rs#L5`
    for (const file of [`/rustc/${commit}/library/std/src/rt.rs`, `/rustc/${commit}\\library\\std\\src\\rt.rs`]) {
      expect(find(file, 5, null)).toEqual({ path: 'library/std/src/rt.rs', file, line: 5, href: expected })
    }
  })

  it('make no link of anything else, and none that walks out of its repository', () => {
    for (const file of [
      'javascript:alert(1)',
      'https://evil.example/x',
      'git:evil.example/a:b:c1',
      'git:github.com/a/b:../../evil/x.c:c1',
      'git:github.com/../evil:x.c:c1',
      'cargo:my-registry:thing-1.0.0:src/a.rs',
      'cargo:github.com-1ecc6299db9ec823:nameless:src/a.rs',
      '/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/../../../evil',
      's3:gecko-generated-sources:4fd754dd/ipc/PBackground.cpp:',
      'src/a.cpp',
      '/usr/include/c++/12/bits/stl_algo.h',
      'git:github.com/a/b:\ud800:c1',
    ]) {
      expect([file, href(file)]).toEqual([file, null])
    }
    expect(href('git:github.com/a/b:"><img src=x>:c1')).toBe(
      'https://github.com/a/b/blob/c1/%22%3E%3Cimg%20src%3Dx%3E#L5',
    )
    expect(find('s3:gecko-generated-sources:4fd754dd/ipc/PBackground.cpp:', 5, null).path).toBe('ipc/PBackground.cpp')
  })
})

describe("a product's rules", () => {
  const facts = {
    annotation: (name: string) => (name === 'SourceRevision' ? 'ann0' : null),
    symbolUpload: (module: string | null) => (module === 'app.exe' ? 'upl0' : null),
    version: '1.2.3',
  }
  const template = 'https://git.example.com/app/{revision}/{path}?l={line}'

  it.each([
    ['an annotation', [{ annotation: 'SourceRevision' }], 'ann0'],
    ['the symbol upload of the module', [{ symbol_upload: true }], 'upl0'],
    ['a tag made of the version', [{ tag: 'v{version}' }], 'v1.2.3'],
    ['the first that is known', [{ annotation: 'Nothing' }, { tag: 'release/{version}' }], 'release/1.2.3'],
  ])('take the revision from %s', (_, revision, expected) => {
    const finder = sourceFinder([rule({ prefix: '/build/src/', url_template: template, revision })], facts)
    expect(finder('/build/src/ui/a b.cpp', 7, 'app.exe')).toEqual({
      path: 'ui/a b.cpp',
      file: '/build/src/ui/a b.cpp',
      line: 7,
      href: `https://git.example.com/app/${expected}/ui/a%20b.cpp?l=7`,
    })
  })

  it('pass over to the next rule where the revision is not known', () => {
    const rules = [
      rule({ prefix: '/b/', url_template: template, revision: [{ symbol_upload: true }] }),
      rule({ prefix: '/b/', url_template: 'https://x.example/{path}#{line}' }),
    ]
    expect(sourceFinder(rules, facts)('/b/x.c', 1, 'other.dll').href).toBe('https://x.example/x.c#1')
    expect(sourceFinder(rules.slice(0, 1), facts)('/b/x.c', 1, 'other.dll').href).toBeNull()
  })

  it('match Windows paths in any case, relative ones without a prefix, and hosts of git that nobody knows', () => {
    const rules = [
      rule({ prefix: 'C:\\Build\\', url_template: 'https://x.example/w/{path}' }),
      rule({ prefix: 'git:git.acme.example/app:', url_template: template, revision: [{ tag: '{version}' }] }),
      rule({ prefix: '', url_template: 'https://x.example/r/{path}#{line}' }),
    ]
    const finder = sourceFinder(rules, facts)
    expect(finder('c:\\build\\src\\A.cpp', 1, null).href).toBe('https://x.example/w/src/A.cpp')
    expect(finder('git:git.acme.example/app:src/a.c:beef', 1, null)).toMatchObject({
      path: 'src/a.c',
      href: 'https://git.example.com/app/beef/src/a.c?l=1',
    })
    expect(finder('./src/a.c', null, null).href).toBe('https://x.example/r/src/a.c#')
    for (const file of ['/usr/include/x.h', 'D:\\x\\y.c', 'git:other.example/a:b:c', '../up.c', '']) {
      expect([file, finder(file, 1, null).href]).toEqual([file, null])
    }
  })

  it('never lead elsewhere, whatever a crash says of its revision', () => {
    const finder = (revision: string) =>
      sourceFinder([rule({ prefix: '/b/', url_template: template, revision: [{ annotation: 'R' }] })], {
        ...facts,
        annotation: () => revision,
      })('/b/x.c', 1, null).href
    for (const evil of ['../../evil', 'a/../b', '//evil.example', '', ' ', 'x'.repeat(201)]) {
      expect([evil, finder(evil)]).toEqual([evil, null])
    }
    expect(finder('?a#"><script>')).toBe('https://git.example.com/app/%3Fa%23%22%3E%3Cscript%3E/x.c?l=1')
  })

  it('are refused in the products document with what is wrong', () => {
    const problem = (source_link: unknown) =>
      productsSchema.safeParse({ version: 1, products: [{ name: 'A', source_links: [source_link] }] }).error?.issues[0]
        ?.message ?? 'fine'
    expect(problem({ prefix: '', url_template: 'javascript:{path}' })).toContain('https://')
    expect(problem({ prefix: '', url_template: 'https://{revision}.example/{path}' })).toContain('host')
    expect(problem({ prefix: '', url_template: 'https://a.example/{file}' })).toContain('placeholders')
    expect(problem({ prefix: '', url_template: template })).toContain('needs revision')
    expect(problem({ prefix: '', url_template: template, revision: [{ tag: 'v1' }] })).toMatch(/version|Invalid/)
    expect(problem({ prefix: '', url_template: template, revision: [{ tag: 'v{version}' }] })).toBe('fine')
  })
})
