import { RE2JS } from 're2js'
import { MAX_PATTERN_CHARS, MAX_PATTERN_INSTRUCTIONS, MAX_PATTERN_INTERVAL } from '../limits.ts'

/**
 * The peer's `@` takes the pattern syntax of Lucene, which people have in saved links; re2js, which runs in linear time, takes
 * RE2's. This reads the former and writes the latter. A pattern stands for the whole value, so `@js` finds only `js`.
 *
 * Same in both: `.` (here any character, line ends too), `|`, `( )`, `[ ]` and `[^ ]`, `?`, `*`, `+`, `{n}`, `{n,}`, `{n,m}`, `\` before any
 * character, `\d \D \w \W \s \S`. Of Lucene alone: `"text"` as it stands, `@` any text, `#` no text at all, `<1-20>` a number; `^` and
 * `$` are plain characters. Refused with advice: `~` (all but) and `&` (both), which RE2 has not, and `(?`, which Lucene has not.
 * What Lucene takes for an error and could only be meant one way is taken so: `a|`, `[a-]`, a `<` that begins no number.
 */
export type ParsedPattern =
  | { readonly kind: 'pattern'; readonly pattern: string }
  | { readonly kind: 'bad'; readonly why: string }
  /** Too long, or its repeats multiply: it would cost seconds over the values of a field. */
  | { readonly kind: 'too_complex' }

/** Reads a Lucene pattern. What comes out is checked: re2js takes it, at a bounded cost a character. */
export function parseLucenePattern(text: string): ParsedPattern {
  if (text.length > MAX_PATTERN_CHARS) return { kind: 'too_complex' }
  const reader = new PatternReader(text)
  try {
    const pattern = reader.read()
    return isCheap(pattern) ? { kind: 'pattern', pattern } : { kind: 'too_complex' }
  } catch (thrown) {
    if (thrown instanceof PatternProblem) return { kind: 'bad', why: thrown.message }
    throw thrown
  }
}

/** The reader writes good syntax only, so what re2js refuses has repeats that multiply beyond its own limits. */
function isCheap(pattern: string): boolean {
  try {
    return RE2JS.compile(pattern).programSize() <= MAX_PATTERN_INSTRUCTIONS
  } catch {
    return false
  }
}

class PatternProblem extends Error {}

const PREDEFINED: Readonly<Record<string, string>> = {
  d: '[0-9]',
  D: '[^0-9]',
  w: '[0-9A-Za-z_]',
  W: '[^0-9A-Za-z_]',
  s: '[ \\t\\n\\r]',
  S: '[^ \\t\\n\\r]',
}
const PREDEFINED_IN_CLASS: Readonly<Record<string, string>> = { d: '0-9', w: '0-9A-Za-z_', s: ' \\t\\n\\r' }

const literal = (text: string) => text.replace(/[$()*+./?[\\\]^{|}]/g, '\\$&')
const literalInClass = (character: string) => character.replace(/[-[\\\]^]/, '\\$&')

/** By recursive descent; MAX_PATTERN_CHARS bounds the depth. */
class PatternReader {
  readonly #characters: readonly string[]
  #at = 0

  constructor(text: string) {
    this.#characters = [...text]
  }

  read(): string {
    const pattern = this.#union()
    if (this.#at < this.#characters.length) throw new PatternProblem('a ) has no (')
    return pattern
  }

  #peek(ahead = 0): string {
    return this.#characters[this.#at + ahead] ?? ''
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false
    this.#at += 1
    return true
  }

  #next(after: string): string {
    const character = this.#peek()
    if (character === '') throw new PatternProblem(`it ends after ${after}`)
    this.#at += 1
    return character
  }

  #union(): string {
    const choices = [this.#sequence()]
    while (this.#take('|')) choices.push(this.#sequence())
    return choices.join('|')
  }

  #sequence(): string {
    let pattern = ''
    while (!['', '|', ')'].includes(this.#peek())) pattern += this.#repeated()
    return pattern
  }

  /** `a+?` is a choice of `a+` or nothing in Lucene, and a lazy `a+` in RE2: each repeat gets parentheses of its own. */
  #repeated(): string {
    let pattern = this.#atom()
    for (;;) {
      const character = this.#peek()
      if (['*', '+', '?'].includes(character)) {
        this.#at += 1
        pattern = `(?:${pattern})${character}`
      } else if (this.#take('{')) pattern = `(?:${pattern})${this.#bounds()}`
      else return pattern
    }
  }

  #bounds(): string {
    const text = this.#upTo('}', '{')
    const [, least = '', comma = '', most = ''] = /^(\d{1,4})(,?)(\d{0,4})$/.exec(text) ?? []
    if (least === '' || (comma === '' && most !== '')) throw new PatternProblem(`{${text}} is no {n}, {n,} or {n,m}`)
    if (most !== '' && Number(most) < Number(least)) throw new PatternProblem(`{${text}} has its numbers the wrong way`)
    return `{${Number(least)}${comma}${most === '' ? '' : Number(most)}}`
  }

  #upTo(end: string, after: string): string {
    let text = ''
    while (!this.#take(end)) text += this.#next(after)
    return text
  }

  #atom(): string {
    const character = this.#next('nothing')
    switch (character) {
      case '.':
        return '(?s:.)'
      case '@':
        return '(?s:.*)'
      case '#':
        return '[^\\s\\S]'
      case '"':
        return `(?:${literal(this.#upTo('"', '"'))})`
      case '(':
        return this.#group()
      case '[':
        return this.#class()
      case '<':
        return this.#interval() ?? literal('<')
      case '~':
        throw new PatternProblem('~ (all but) is not supported: put ! before the @, or write \\~ for the character')
      case '&':
        throw new PatternProblem('& (both) is not supported: give several filters, or write \\& for the character')
      case '\\': {
        const escaped = this.#next('\\')
        return PREDEFINED[escaped] ?? literal(escaped)
      }
      default:
        return literal(character)
    }
  }

  #group(): string {
    if (this.#peek() === '?') throw new PatternProblem('(? has no meaning here: groups are ( ) alone')
    const inner = this.#union()
    if (!this.#take(')')) throw new PatternProblem('a ( has no )')
    return `(?:${inner})`
  }

  /** The first character is a member whatever it is: `[]]`. */
  #class(): string {
    let members = this.#take('^') ? '^' : ''
    do members += this.#member()
    while (!this.#take(']'))
    return `[${members}]`
  }

  #member(): string {
    if (this.#peek() === '\\' && PREDEFINED[this.#peek(1)] !== undefined) {
      const members = PREDEFINED_IN_CLASS[this.#peek(1)]
      if (members === undefined) throw new PatternProblem(`\\${this.#peek(1)} cannot stand in [ ]: use [^ ]`)
      this.#at += 2
      return members
    }
    const first = this.#classCharacter()
    if (this.#peek() !== '-' || [']', ''].includes(this.#peek(1))) return literalInClass(first)
    this.#at += 1
    const last = this.#classCharacter()
    if ((last.codePointAt(0) ?? 0) < (first.codePointAt(0) ?? 0)) {
      throw new PatternProblem(`[${first}-${last}] is the wrong way round`)
    }
    return `${literalInClass(first)}-${literalInClass(last)}`
  }

  #classCharacter(): string {
    const character = this.#next('[')
    return character === '\\' ? this.#next('\\') : character
  }

  /** `<1-20>`: a number, with any zeros before it; `<01-20>`, whose ends are of one length: of just as many digits. */
  #interval(): string | null {
    const [, low, high] = /^(\d{1,9})-(\d{1,9})>/.exec(this.#characters.slice(this.#at, this.#at + 20).join('')) ?? []
    if (low === undefined || high === undefined) return null
    this.#at += low.length + high.length + 2
    const least = Math.min(Number(low), Number(high))
    const most = Math.max(Number(low), Number(high))
    if (most - least >= MAX_PATTERN_INTERVAL) {
      throw new PatternProblem(`<${low}-${high}> is more than ${MAX_PATTERN_INTERVAL} numbers: use [0-9]`)
    }
    const digits = low.length === high.length ? low.length : 0
    const numbers = Array.from({ length: most - least + 1 }, (_, n) => String(least + n).padStart(digits, '0'))
    return `(?:${digits === 0 ? '0*' : ''}(?:${numbers.join('|')}))`
  }
}
