/**
 * The code in the documentation, as modules. A page is one module: its ```ts blocks in order, at the line numbers that they have in the page. So are
 * its blocks that say `browser`, which run in one. A block that says `no-run` is a module of its own, which is compiled and not run.
 *
 * At the end of a line, or on the lines below it, `// ->` says what its value prints and `// throws` with which error it ends:
 *
 *     array([1, 2]).add(1) // -> Tensor([2, 3], dtype=float32)
 *     add(1, 'x') // throws TreeError: add: expected a tensor
 */

/** Where a module runs. */
export type Place = 'node' | 'browser' | 'nowhere'

export interface Snippet {
  /** Of the module, without extension. */
  readonly name: string
  readonly code: string
  readonly place: Place
}

const places: Readonly<Record<string, Place>> = { ts: 'node', 'ts browser': 'browser', 'ts no-run': 'nowhere' }

const expectation = /^(.*?)\s*\/\/ (->|throws) ?(.*)$/
const declaration = /^(?:const|let) (\w+)(?:: [^=]+)? =/

/** The modules of one page. `helpers` is the import path of this file. */
export function snippetsOf(page: string, text: string, helpers: string): readonly Snippet[] {
  const name = page.replace(/\.md$/, '').replaceAll('/', '-')
  const lines = text.split('\n'),
    blocks = blocksOf(page, lines)
  const joined = (place: Place, moduleName: string): readonly Snippet[] => {
    const code = lines.map(() => '')
    code[0] = `import { $is, $throws } from '${helpers}'; void [$is, $throws]`
    const mine = blocks.filter(b => b.place === place)
    for (const { start, end } of mine)
      checked(page, lines.slice(start, end), start + 1).forEach((line, i) => {
        code[start + i] = line
      })
    return mine.length === 0 ? [] : [{ name: moduleName, code: code.join('\n'), place }]
  }
  const alone = blocks
    .filter(b => b.place === 'nowhere')
    .map(({ start, end, place }) => ({
      name: `${name}-${start}`,
      code: [...lines.slice(0, start).map(() => ''), ...lines.slice(start, end), 'export {}'].join('\n'),
      place,
    }))
  return [...joined('node', name), ...joined('browser', `${name}-browser`), ...alone]
}

interface Block {
  readonly start: number
  readonly end: number
  readonly place: Place
}

function blocksOf(page: string, lines: readonly string[]): readonly Block[] {
  const blocks: Block[] = []
  for (let i = 0; i < lines.length; i++) {
    const fence = /^```(.*)$/.exec(lines[i] as string)
    if (fence === null) continue
    const end = lines.indexOf('```', i + 1),
      place = places[fence[1] as string]
    if (end < 0) throw new Error(`${page}:${i + 1}: a block has no end`)
    if (place !== undefined) blocks.push({ start: i + 1, end, place })
    i = end
  }
  return blocks
}

/** The block with calls in place of its expectations. As many lines as before. */
function checked(page: string, block: readonly string[], first: number): readonly string[] {
  const out = [...block]
  for (let i = 0; i < block.length; i++) {
    const found = expectation.exec(block[i] as string)
    if (found === null) continue
    const [, before = '', kind, text = ''] = found
    const wanted = [text]
    while (/^\/\/ {2}/.test(block[i + wanted.length] ?? '')) wanted.push((block[i + wanted.length] as string).slice(2))
    const at = before === '' ? i - 1 : i
    const statement = before === '' ? (block[at] ?? '') : before
    const where = `${page}:${first + at}`
    if (!/^[^\s})]/.test(statement))
      throw new Error(`${where}: an expectation needs a statement of one line at the top level, not "${statement}"`)
    out[at] = check(statement, kind === 'throws', JSON.stringify(where), JSON.stringify(wanted.join('\n')))
    for (let k = 1; k < wanted.length; k++) out[i + k] = ''
    if (at !== i) out[i] = ''
    i += wanted.length - 1
  }
  return out
}

function check(statement: string, throws: boolean, where: string, wanted: string): string {
  if (throws) return `await $throws(${where}, async () => (${statement}), ${wanted});`
  const name = declaration.exec(statement)?.[1]
  return name === undefined ? `$is(${where}, (${statement}), ${wanted});` : `${statement}; $is(${where}, ${name}, ${wanted});`
}

// ---- what the modules call

/** Where a page says something else than happens. */
export interface Problem {
  /** `docs/page.md:12`, the line of the statement. */
  readonly where: string
  readonly kind: '->' | 'throws'
  readonly wanted: string
  readonly shown: string
}
export const showProblem = ({ where, kind, wanted, shown }: Problem): string =>
  `${where}: the page says\n// ${kind} ${wanted}\nbut it is\n// ${kind} ${shown}`

let problems: Problem[] = []
/** Runs a page and returns what it does other than it says. */
export async function problemsOf(run: () => Promise<unknown>): Promise<readonly Problem[]> {
  problems = []
  await run()
  return problems
}

/** Node's; in a browser something short. */
const inspect: (value: unknown, options: { readonly depth: number; readonly breakLength: number }) => string =
  globalThis.process?.getBuiltinModule('node:util').inspect ?? (value => JSON.stringify(value))

/** The value prints as the page says: plain objects and arrays as `console.log` shows them, everything else as `String` does. */
export function $is(where: string, value: unknown, wanted: string): void {
  const shown = isPlain(value) ? inspect(value, { depth: 6, breakLength: 120 }) : String(value)
  if (!agrees(shown, wanted)) problems.push({ where, kind: '->', wanted, shown })
}

const isPlain = (value: unknown): boolean =>
  Array.isArray(value) ||
  (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype && !Object.hasOwn(value, 'toString'))

/** The statement ends with an error whose kind and message begin as the page says. */
export async function $throws(where: string, run: () => Promise<unknown>, wanted: string): Promise<void> {
  const shown = await run().then(
    () => 'no error',
    e => String(e),
  )
  if (!agrees(shown, `${wanted.replace(/ ?\.\.\.$/, '')}...`)) problems.push({ where, kind: 'throws', wanted, shown })
}

const number = /-?\d+(?:\.\d*)?(?:e[-+]?\d+)?/g

/** Equal but for white space and the last digits of fractions, which differ between machines. A text that ends with `...` is a beginning. */
export function agrees(shown: string, wanted: string): boolean {
  const open = wanted.endsWith('...')
  const tidy = (s: string): string => s.replace(/\s+/g, ' ').trim()
  const a = tidy(shown),
    b = tidy(open ? wanted.slice(0, -3) : wanted)
  const words = (s: string): readonly string[] => s.split(number).map(w => w.replaceAll(' ', ''))
  const numbers = (s: string): readonly string[] => s.match(number) ?? []
  if (open) return a.replaceAll(' ', '').startsWith(b.replaceAll(' ', ''))
  return words(a).join('\0') === words(b).join('\0') && numbers(b).every((n, i) => near(numbers(a)[i] as string, n))
}

const near = (shown: string, wanted: string): boolean =>
  shown === wanted || (/[.e]/.test(shown) && Math.abs(Number(shown) - Number(wanted)) <= 1e-5 * Math.abs(Number(wanted)) + 1e-7)

// ---- bringing a page up to date

/** Longest line of an error that is written into a page. */
const LINE = 125

/** The page with its expectations as they really are. */
export function refreshed(text: string, found: readonly Problem[]): string {
  const lines = text.split('\n')
  // From the end, so that the line numbers of what comes before stay true.
  for (const { where, kind, shown } of found.toReversed()) {
    const at = Number(where.split(':').at(-1)) - 1
    const [, before = ''] = expectation.exec(lines[at] as string) ?? []
    const trailing = before !== ''
    let end = at + (trailing ? 1 : 2)
    while (/^\/\/ {2}/.test(lines[end] ?? '')) end++
    const statement = trailing ? before : (lines[at] as string)
    const output = kind === 'throws' ? folded(shown) : shown.split('\n')
    const oneLine = `${statement} // ${kind} ${output[0]}`
    lines.splice(
      at,
      end - at,
      ...(output.length === 1 && kind === '->'
        ? [oneLine]
        : [statement, `// ${kind} ${output[0]}`, ...output.slice(1).map(line => `//    ${line}`)]),
    )
  }
  return lines.join('\n')
}

function folded(text: string): readonly string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1) as string
    if (last === '') lines[lines.length - 1] = word
    else if (last.length + word.length < LINE) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
