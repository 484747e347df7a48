/**
 * Tables that say how something is spelled here: each code span below the heading `Cotangent` becomes an expression of a module, at the line that it has in the
 * page. Compiling it says whether all names exist, and take these arguments and options. Names come from the packages, `x`, `params` and the like from `standins.ts`.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as core from '@cotangent/core'
import * as extend from '@cotangent/core/extend'
import * as testing from '@cotangent/core/testing'
import * as nn from '@cotangent/nn'
import * as data from '@cotangent/nn/data'
import * as node from '@cotangent/nn/node'
import { root } from './pages.ts'

const HEADING = 'Cotangent'
/** Packages by where they are imported from. A name of several is any of them. */
export const packages: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  '@cotangent/core': core,
  '@cotangent/nn': nn,
  '@cotangent/nn/data': data,
  '@cotangent/nn/node': node,
  '@cotangent/core/testing': testing,
  '@cotangent/core/extend': extend,
}
const standins: ReadonlySet<string> = new Set(
  [...readFileSync(join(root, 'docs/standins.ts'), 'utf8').matchAll(/^export declare const (.*)$/gm)].flatMap(([, names = '']) =>
    [...names.matchAll(/(?:^|, )(\w+):/g)].map(([, name = '']) => name),
  ),
)

interface Span {
  readonly line: number
  readonly code: string
}

/** The code spans of a page that are ours. */
export function spansOf(text: string): readonly Span[] {
  let column = -1
  return text.split('\n').flatMap((row, line) => {
    if (!row.startsWith('|')) column = -1
    const cells = row.split(/(?<!\\)\|/).map(cell => cell.trim())
    if (cells.includes(HEADING)) column = cells.indexOf(HEADING)
    return [...(cells[column] ?? '').matchAll(/`([^`]+)`/g)].map(([, code = '']) => ({ line, code: code.replaceAll('\\|', '|') }))
  })
}

const isPackage = (code: string): boolean => code.startsWith('@cotangent/')
/** Several names in a row are one each. */
const expressions = (code: string): readonly string[] => (/^\w+( \w+)+$/.test(code) ? code.split(' ') : [code])
const words = (code: string): readonly string[] => code.replace(/'[^']*'/g, '').match(/(?<![.\w])[A-Za-z_]\w*(?![\w]*:)/g) ?? []

/** The module of a page's tables, or null where it has none. */
export function namesModule(text: string, helpers: string): string | null {
  const spans = spansOf(text).filter(({ code }) => !isPackage(code))
  if (spans.length === 0) return null
  const lines = text.split('\n').map(() => '')
  for (const { line, code } of spans) lines[line] += `${expressions(code).map(statement).join(' ')} `
  const used = new Set(spans.flatMap(({ code }) => words(code)))
  lines[0] = [...Object.keys(packages).map((from, i) => `import type * as from${i} from '${from}'`), ...declarations(used, helpers)].join(
    '; ',
  )
  return lines.join('\n')
}

const statement = (code: string): string => (/^(const|let|using) /.test(code) ? `{ ${code} }` : `void (${code});`)

function declarations(used: ReadonlySet<string>, helpers: string): readonly string[] {
  const own = [...used].filter(name => standins.has(name))
  const theirs = [...used].flatMap(name => {
    const types = standins.has(name) ? [] : Object.values(packages).flatMap((p, i) => (name in p ? [`typeof from${i}.${name}`] : []))
    return types.length === 0 ? [] : [`declare const ${name}: ${types.join(' & ')}`]
  })
  return [...(own.length === 0 ? [] : [`import { ${own.join(', ')} } from '${helpers}'`]), ...theirs]
}
