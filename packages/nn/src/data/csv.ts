/** Tables as text: comma-separated values (RFC 4180), and what models need of them. */
import { described, fail } from '@cotangent/core/extend'
import type { HostArray } from './dataset.ts'

export interface Table {
  /** Of the columns. */
  readonly names: readonly string[]
  /** One text a column. */
  readonly rows: readonly (readonly string[])[]
}
export interface CsvOptions {
  /** Between two fields: one character. Default a comma. */
  readonly separator?: string
  /** The first line has the names. Default true; otherwise they are 0, 1, ... */
  readonly header?: boolean
}

/**
 * A table from text. Fields in quotes may hold separators, line breaks and doubled quotes; lines end with LF, CRLF or CR, the last one perhaps not; empty
 * ones do not count.
 * @throws ValueError naming the line where a quote does not end or a row has another number of fields.
 */
export function decodeCsv(text: string, { separator = ',', header = true }: CsvOptions = {}): Table {
  if (typeof text !== 'string') refuse(`needs a text, got ${described(text)}. Bytes become one by new TextDecoder().decode(bytes).`)
  const lines = fieldsOf(text.replace(/^\uFEFF/, ''), separator)
  const width = lines[0]?.fields.length ?? 0
  const ragged = lines.find(({ fields }) => fields.length !== width)
  if (ragged !== undefined) refuse(`line ${ragged.line} has ${ragged.fields.length} fields, the first one has ${width}.`)
  const rows = lines.map(({ fields }) => fields)
  return header ? { names: rows[0] ?? [], rows: rows.slice(1) } : { names: Array.from({ length: width }, (_, i) => String(i)), rows }
}

const refuse = (why: string): never => fail('ValueError', `CSV: ${why}`)

interface Line {
  readonly line: number
  readonly fields: readonly string[]
}

function fieldsOf(text: string, separator: string): readonly Line[] {
  if (separator.length !== 1 || /["\r\n]/.test(separator)) refuse(`the separator must be one character, got ${JSON.stringify(separator)}.`)
  const lines: Line[] = []
  let fields: string[] = [],
    line = 1,
    start = 1,
    at = 0
  while (at < text.length) {
    const isQuoted = text[at] === '"'
    const { value, end } = isQuoted ? quoted(text, at, line) : plain(text, at, separator)
    fields.push(value)
    line += value.split('\n').length - 1
    const next = text[end]
    at = text.startsWith('\r\n', end) ? end + 2 : end + 1
    if (next === separator) {
      if (at < text.length) continue
      fields.push('')
    } else if (next !== undefined && next !== '\n' && next !== '\r')
      refuse(`line ${line}: ${JSON.stringify(next)} after a field in quotes.`)
    if (isQuoted || fields.length > 1 || value !== '') lines.push({ line: start, fields })
    fields = []
    start = ++line
  }
  return lines
}

interface Field {
  readonly value: string
  /** Where it ends in the text. */
  readonly end: number
}

function plain(text: string, start: number, separator: string): Field {
  let end = start
  while (end < text.length && text[end] !== separator && text[end] !== '\n' && text[end] !== '\r') end++
  return { value: text.slice(start, end), end }
}

function quoted(text: string, start: number, line: number): Field {
  let end = start
  do {
    end = text.indexOf('"', end + 1)
    if (end < 0) refuse(`the quote in line ${line} does not end.`)
    // A doubled quote is one that belongs to the field.
  } while (text[end + 1] === '"' && end++ > 0)
  return { value: text.slice(start + 1, end).replaceAll('""', '"'), end: end + 1 }
}

/** A table as text that `decodeCsv` reads. */
export function encodeCsv({ names, rows }: Table, { separator = ',', header = true }: CsvOptions = {}): string {
  const one = (field: string): string =>
    field === '' || /["\r\n\uFEFF]/.test(field) || field.includes(separator) ? `"${field.replaceAll('"', '""')}"` : field
  return [...(header ? [names] : []), ...rows].map(row => `${row.map(one).join(separator)}\n`).join('')
}

const positionOf = ({ names }: Table, name: string): number => {
  const i = names.indexOf(name)
  if (i >= 0 && names.lastIndexOf(name) !== i) refuse(`there are several columns ${name} among ${names.join(', ')}.`)
  return i >= 0 ? i : refuse(`there is no column ${name} among ${names.join(', ')}.`)
}

/** Columns of numbers, float32 `[n, columns]`. What is no number is refused, an empty field is NaN. Default: all columns. */
export function numbersOf(table: Table, ...columns: readonly string[]): HostArray {
  const names = columns.length === 0 ? table.names : columns,
    positions = columns.length === 0 ? names.map((_, i) => i) : names.map(name => positionOf(table, name))
  const data = new Float32Array(table.rows.length * names.length)
  table.rows.forEach((row, r) =>
    positions.forEach((position, i) => {
      const field = (row[position] as string).trim()
      const value = field === '' || field.toLowerCase() === 'nan' ? NaN : Number(field)
      if (Number.isNaN(value) && field !== '' && field.toLowerCase() !== 'nan')
        refuse(`row ${r} of ${names[i]} is ${JSON.stringify(field)}, no number. Read it by categoriesOf.`)
      data[r * names.length + i] = value
    }),
  )
  return { data, shape: [table.rows.length, names.length] }
}

export interface Categories {
  /** `[n]`: positions in `categories`; -1 for what is not in a list that was given. */
  readonly codes: Int32Array
  readonly categories: readonly string[]
}

/** A column of words as class numbers. `categories`: those of the training data; default: all that occur, sorted. */
export function categoriesOf(table: Table, column: string, categories?: readonly string[]): Categories {
  const position = positionOf(table, column),
    words = table.rows.map(row => row[position] as string)
  const known = categories ?? [...new Set(words)].sort()
  const codes = new Map(known.map((word, i) => [word, i]))
  return { codes: Int32Array.from(words, word => codes.get(word) ?? -1), categories: known }
}
