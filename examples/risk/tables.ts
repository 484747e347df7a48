/** Two tables as numbers: what is measured of a case, and whether it turned out bad. Runs anywhere. */
import { CotangentError } from '@cotangent/core'
import { type Table, categoriesOf, decodeCsv, numbersOf } from '@cotangent/nn/data'

export interface Cases {
  readonly name: string
  /** `[count, features]`, row after row; not scaled. */
  readonly features: Float32Array
  /** 1 is the risk: malignant, not paid back. */
  readonly labels: Float32Array
  readonly count: number
}

/** The rows of scikit-learn's file: 30 measurements of a tumour, then 0 (malignant) or 1. Its first line counts rows and columns and names the classes. */
export function breastCancerCases(text: string): Cases {
  const table = decodeCsv(text.slice(text.indexOf('\n') + 1), { header: false })
  const measured = table.names.slice(0, -1)
  return casesOf('breast-cancer', [numbersOf(table, ...measured).data], lastColumn(table), '0')
}

/** The rows of UCI's file: 20 attributes of somebody who wants credit, words (A11, ...) or integers, then 1 (good) or 2 (bad). */
export function germanCreditCases(text: string): Cases {
  const table = decodeCsv(text, { separator: ' ', header: false })
  const columns = table.names.slice(0, -1).flatMap((name, i) => (isWord(table.rows[0]?.[i]) ? oneHot(table, name) : [amounts(table, name)]))
  return casesOf('german-credit', columns, lastColumn(table), '2')
}

const isWord = (field: string | undefined): boolean => field !== undefined && Number.isNaN(Number(field))
const lastColumn = (table: Table): readonly string[] => table.rows.map(row => row.at(-1) as string)

/** Amounts, months and years are skewed: their logarithms are not. */
const amounts = (table: Table, name: string): Float32Array => Float32Array.from(numbersOf(table, name).data, v => Math.log1p(Number(v)))

/** A column of 0 and 1 for each word. */
function oneHot(table: Table, name: string): readonly Float32Array[] {
  const { codes, categories } = categoriesOf(table, name)
  return categories.map((_, code) => Float32Array.from(codes, c => Number(c === code)))
}

/** From parts of `[count, some features]`. */
function casesOf(name: string, parts: readonly ArrayLike<number | bigint>[], outcomes: readonly string[], risk: string): Cases {
  const count = outcomes.length
  if (count === 0) throw new CotangentError('ValueError', `${name}: the file has no rows.`)
  const widths = parts.map(part => part.length / count),
    width = widths.reduce((a, b) => a + b, 0)
  const features = new Float32Array(count * width)
  let start = 0
  parts.forEach((part, p) => {
    const own = widths[p] as number
    for (let i = 0; i < part.length; i++) features[Math.floor(i / own) * width + start + (i % own)] = Number(part[i])
    start += own
  })
  return { name, features, labels: Float32Array.from(outcomes, o => Number(o === risk)), count }
}

/** The first cases, for `--fast`. */
export function firstCases(cases: Cases, count: number): Cases {
  const width = cases.features.length / cases.count
  return { ...cases, features: cases.features.slice(0, count * width), labels: cases.labels.slice(0, count), count }
}
