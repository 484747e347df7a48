/** The page of all operations, written from the op table: `docs/reference/operations.md`. */
import { init } from '@cotangent/core'
import { type Coverage, chapters, coverageOf, differences, kinks, laws, lawsOf, opTable } from '@cotangent/core/testing'
import { capabilities as cpu } from '../packages/backend-cpu/src/backend.ts'
import { capabilities as cuda } from '../packages/backend-cuda/src/backend.ts'
import { capabilities as webgl } from '../packages/backend-webgl/src/backend.ts'

export const operationsPage = 'docs/reference/operations.md'
const MARK = '<!-- generated from the op table: node scripts/launch.mjs docs/refresh.ts operations -->'

const backends = { cpu, webgl, cuda } as const
type BackendName = keyof typeof backends
const backendNames = Object.keys(backends) as BackendName[]
/** Backends that drive loops and branches from the host. */
const drivenByHost: readonly BackendName[] = ['webgl', 'cuda']

/** Names of laws as numbers of the list on the page. */
const numbers: Readonly<Record<string, string>> = Object.fromEntries(
  [...Object.keys(laws), 'special values', 'declared kinks', 'refuses bad input'].map((law, i) => [law, String(i + 1)]),
)

const code = (text: string): string => `\`${text}\``
const escaped = (text: string): string => text.replaceAll('|', '\\|')

/** `1-7, 10`. */
function ranges(sorted: readonly number[]): string {
  const runs: [number, number][] = []
  for (const n of sorted) {
    const last = runs.at(-1)
    if (last !== undefined && last[1] === n - 1) last[1] = n
    else runs.push([n, n])
  }
  return runs.map(([a, b]) => (a === b ? `${a}` : `${a}-${b}`)).join(', ')
}

/** Groups of dtypes in few words: all, or those it has, or all but some. */
function named(chosen: readonly string[], all: readonly string[]): string {
  const missing = all.filter(d => !chosen.includes(d))
  if (missing.length === 0) return 'all'
  const isIntegral = (d: string): boolean => d.includes('int')
  if (chosen.every(isIntegral) && all.filter(isIntegral).every(d => chosen.includes(d))) return 'integers'
  if (chosen.every(d => d.includes('float')) && all.filter(d => d.includes('float')).every(d => chosen.includes(d))) return 'floats'
  return missing.length <= 2 ? `all but ${missing.join(', ')}` : chosen.join(', ')
}

function dtypeCell({ accepts, gives }: Coverage, chapter: string, all: readonly string[]): string {
  if (chapter === 'transforms') return 'trees of any'
  // Where there are no floats a sampler's main argument is the key.
  const isKey = chapter === 'random' && !accepts?.includes('float32')
  if (accepts === null || accepts.length === 0 || isKey) return gives.length === 0 ? '-' : `gives ${named(gives, all)}`
  return named(accepts, all)
}

const derivativeCell = (name: string): string => {
  const { differentiable, reverse, secondOrder } = opTable[name]!
  if (differentiable !== true) return `none: ${differentiable}`
  const limits = [
    reverse === undefined ? [] : [`forward only: ${reverse}`],
    secondOrder === undefined ? [] : [`first order: ${secondOrder}`],
  ].flat()
  const points = (kinks[name] ?? []).map(({ where, slope }) => `slope ${showSlope(slope)} where ${where}`)
  return [limits.length === 0 ? 'all orders' : limits.join('; '), ...points].join('; ')
}
const showSlope = (slope: readonly (number | readonly number[])[]): string =>
  slope.length === 1 ? JSON.stringify(plain(slope[0]!)).replaceAll('"', '') : JSON.stringify(slope.map(plain)).replaceAll('"', '')
const plain = (v: number | readonly number[]): unknown => (typeof v === 'number' ? (Number.isFinite(v) ? v : String(v)) : v.map(plain))

const backendCell = (backend: BackendName, { hasControlFlow, accepts, gives }: Coverage): string => {
  const wanted = accepts === null || accepts.length === 0 ? gives : accepts
  if (!wanted.some(d => backends[backend].dtypes.includes(d))) return 'no such dtype'
  return hasControlFlow && drivenByHost.includes(backend) ? 'loops from the host' : 'yes'
}

/** The cells that need cases to be traced. */
interface Traced {
  readonly dtypes: string
  readonly backends: readonly string[]
}
function traced(name: string, chapter: string, all: readonly string[]): Traced {
  const coverage = coverageOf(name, opTable[name]!)
  return { dtypes: dtypeCell(coverage, chapter, all), backends: backendNames.map(b => backendCell(b, coverage)) }
}

function row(name: string, { dtypes, backends }: Traced): string {
  const entry = opTable[name]!
  const cells = [
    code(name),
    dtypes,
    derivativeCell(name),
    entry.batched === undefined ? 'yes' : `no: ${entry.batched}`,
    'yes',
    ...backends,
    ranges(lawsOf(name, entry).map(law => Number(numbers[law]))),
    differences[name] ?? '',
  ]
  return `| ${cells.map(escaped).join(' | ')} |`
}

/** The cells of each row of a page, by name. */
export const cellsOf = (page: string): ReadonlyMap<string, readonly string[]> =>
  new Map(
    page
      .split('\n')
      .filter(line => line.startsWith('| `'))
      .map(line => line.slice(2, -2).split(' | '))
      .map(cells => [cells[0]!.replaceAll('`', ''), cells]),
  )

/**
 * The whole page. Deterministic: it changes only with the library. Tracing all functions takes seconds: of those that `trusted` accepts, the cells for it come from
 * the page `old`.
 */
export async function operations(old = '', trusted: (name: string) => boolean = () => false): Promise<string> {
  const { backend } = await init({ backend: 'reference' })
  const all = backend.capabilities.dtypes,
    before = cellsOf(old)
  const rowOf = (name: string, chapter: string): string => {
    const cells = before.get(name)
    return row(name, cells !== undefined && trusted(name) ? { dtypes: cells[1]!, backends: cells.slice(5, 8) } : traced(name, chapter, all))
  }
  const head = [
    '| name | dtypes | derivatives | vmap | reference | cpu | webgl | cuda | laws | differs from NumPy and JAX |',
    '|---|---|---|---|---|---|---|---|---|---|',
  ]
  const tables = Object.entries(chapters).flatMap(([title, { chapter, names }]) => [
    `## ${title}`,
    '',
    ...head,
    ...names.map(name => rowOf(name, chapter)),
    '',
  ])
  const count = Object.values(chapters).reduce((sum, { names }) => sum + names.length, 0)
  return [...introduction(count, all), ...tables].join('\n')
}

const introduction = (count: number, all: readonly string[]): readonly string[] => [
  '# All operations',
  '',
  MARK,
  '',
  `The ${count} public functions on tensors, as the op table of \`@cotangent/core/testing\` has them. Each is tested by these laws, on cases`,
  'that are drawn anew in each run, on each of the backends; the test command prints how many.',
  '',
  ...Object.entries(numbers).map(([law, n]) => `${n}. ${law}`),
  '',
  `- **dtypes**: what the function takes in the place of \`float32\`; of functions without tensors: what they give. All are ${all.map(code).join(', ')}.`,
  ...backendNames.map(b => refusedBy(b, all)),
  '- **derivatives**: forward and reverse mode, of all orders unless it says otherwise; then the slopes that are declared at kinks, ties and ends',
  '  of domains.',
  '- **vmap**: any axis of any argument.',
  '- **reference, cpu, webgl, cuda**: `yes`, or that loops and branches are driven from the host, one step after the other. The cuda backend is',
  '  tested on a driver that is emulated on the processor.',
  '- **differs**: names are those of NumPy and JAX in camelCase, with options as one object at the end; what is empty is as in JAX.',
  '',
]

const refusedBy = (backend: BackendName, all: readonly string[]): string => {
  const missing = all.filter(d => !(backends[backend].dtypes as readonly string[]).includes(d))
  return missing.length === 0
    ? `- The ${backend} backend has all dtypes.`
    : `- The ${backend} backend refuses ${missing.map(code).join(', ')} by name; the rest it has.`
}
