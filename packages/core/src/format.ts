/** Tensors as text, as NumPy prints them: aligned columns, as few digits as tell the value apart up to 8, large arrays with their middle elided. */
import { convert, type DType, isFloat } from './dtype.ts'
import { type Shape, stridesOf } from './shape.ts'

/** Arrays with more elements than this are shown by the first and last `EDGE` of each axis. */
const THRESHOLD = 1000
const EDGE = 3
const PRECISION = 8
/** Lines break before this column. */
const WIDTH = 75

/** `data` (row-major) as text. `indent`: columns that precede the first line, to align the others with it. */
export function formatArray(data: ArrayLike<number>, shape: Shape, dtype: DType, indent = 0): string {
  const strides = stridesOf(shape)
  const elide = data.length > THRESHOLD
  const shown = (axis: number): (number | null)[] => {
    const n = shape[axis] as number
    const all = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)
    return elide && n > 2 * EDGE ? [...all(0, EDGE), null, ...all(n - EDGE, n)] : all(0, n)
  }
  const values: number[] = []
  const collect = (axis: number, offset: number): void => {
    if (axis === shape.length) values.push(data[offset] as number)
    else for (const i of shown(axis)) if (i !== null) collect(axis + 1, offset + i * (strides[axis] as number))
  }
  collect(0, 0)
  const show = elementFormat(values, dtype)
  const lines = (axis: number, offset: number): string => {
    if (axis === shape.length) return show(data[offset] as number)
    const parts = shown(axis).map(i => (i === null ? '...' : lines(axis + 1, offset + i * (strides[axis] as number))))
    const margin = ' '.repeat(indent + axis + 1)
    if (axis === shape.length - 1) return `[${wrapLine(parts, margin)}]`
    return `[${parts.join(`,${'\n'.repeat(shape.length - 1 - axis)}${margin}`)}]`
  }
  return lines(0, 0)
}

function wrapLine(parts: readonly string[], margin: string): string {
  let text = '',
    column = margin.length
  parts.forEach((part, i) => {
    if (i > 0 && column + 2 + part.length > WIDTH) {
      text += `,\n${margin}`
      column = margin.length
    } else if (i > 0) {
      text += ', '
      column += 2
    }
    text += part
    column += part.length
  })
  return text
}

/** One format for all elements, so that columns align. */
function elementFormat(values: readonly number[], dtype: DType): (x: number) => string {
  const text = dtype === 'bool' ? (x: number): string => (x !== 0 ? 'true' : 'false') : isFloat(dtype) ? floatFormat(values, dtype) : String
  const width = Math.max(0, ...values.map(x => text(x).length))
  return x => text(x).padStart(width)
}

function floatFormat(values: readonly number[], dtype: DType): (x: number) => string {
  const finite = values.filter(x => Number.isFinite(x))
  const sizes = finite.map(Math.abs).filter(x => x !== 0)
  const largest = Math.max(0, ...sizes),
    smallest = Math.min(Infinity, ...sizes)
  const scientific = largest >= 1e8 || smallest < 1e-4 || (largest / smallest > 1000 && smallest < 1e-3)
  const digits = finite.map(x => shortest(x, dtype))
  if (scientific) {
    const decimals = Math.max(0, ...digits.map(s => Math.min(PRECISION, mantissaDecimals(Number(s)))))
    return x => special(x) ?? exponential(unique(x, dtype), decimals)
  }
  const decimals = Math.max(0, ...digits.map(s => Math.min(PRECISION, plainDecimals(s))))
  return x => special(x) ?? fixed(unique(x, dtype), decimals)
}

const special = (x: number): string | null => (x !== x ? 'nan' : x === Infinity ? 'inf' : x === -Infinity ? '-inf' : null)
const sign = (x: number): string => (x < 0 || Object.is(x, -0) ? '-' : '')

/** The shortest decimal that reads back as the same value of the dtype. */
export function shortest(x: number, dtype: DType): string {
  if (dtype === 'float64') return String(x)
  for (let p = 1; p < 9; p++) if (convert(Number(x.toPrecision(p)), dtype) === x) return String(Number(x.toPrecision(p)))
  return String(Number(x.toPrecision(9)))
}
/** The value of the shortest decimal: no digits beyond those of the dtype appear. */
const unique = (x: number, dtype: DType): number => (x === 0 ? x : Number(shortest(x, dtype)))
const plainDecimals = (s: string): number => {
  const [mantissa = '', exponent = '0'] = s.split('e')
  return Math.max(0, (mantissa.split('.')[1]?.length ?? 0) - Number(exponent))
}
const mantissaDecimals = (x: number): number => plainDecimals(x.toExponential().split('e')[0] as string)

/** NumPy keeps the point and drops trailing zeros: `1.`, `0.5 `. */
function fixed(x: number, decimals: number): string {
  const s = Math.abs(x).toFixed(decimals)
  const [whole, fraction = ''] = s.split('.')
  return `${sign(x)}${whole}.${fraction.replace(/0+$/, '').padEnd(decimals)}`
}
function exponential(x: number, decimals: number): string {
  const [mantissa, exponent] = Math.abs(x).toExponential(decimals).split('e') as [string, string]
  const power = Math.abs(Number(exponent)).toString().padStart(2, '0')
  return `${sign(x)}${mantissa.includes('.') ? mantissa : `${mantissa}.`}e${exponent.startsWith('-') ? '-' : '+'}${power}`
}
