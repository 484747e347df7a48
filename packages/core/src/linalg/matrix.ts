/** Plain matrices in float64 and textbook factorisations, for `evaluate` rules: simple loops, no blocks, no cleverness. */

/** Row-major. */
export interface Matrix {
  readonly rows: number
  readonly columns: number
  readonly data: Float64Array
}

export const matrix = (rows: number, columns: number, element: (i: number, j: number) => number = () => 0): Matrix => ({
  rows,
  columns,
  data: Float64Array.from({ length: rows * columns }, (_, k) => element(Math.floor(k / columns), k % columns)),
})
export const get = (a: Matrix, i: number, j: number): number => a.data[i * a.columns + j] as number
export const set = (a: Matrix, i: number, j: number, value: number): void => void (a.data[i * a.columns + j] = value)
export const copy = (a: Matrix): Matrix => ({ ...a, data: a.data.slice() })
export const transposed = (a: Matrix): Matrix => matrix(a.columns, a.rows, (i, j) => get(a, j, i))

/** The sum of `term(0)` to `term(n - 1)`. */
export function total(n: number, term: (k: number) => number): number {
  let sum = 0
  for (let k = 0; k < n; k++) sum += term(k)
  return sum
}

/** Columns i and j turned by an angle with cosine c and sine s. */
export function rotateColumns(a: Matrix, i: number, j: number, c: number, s: number): void {
  for (let k = 0; k < a.rows; k++) {
    const x = get(a, k, i),
      y = get(a, k, j)
    set(a, k, i, c * x - s * y)
    set(a, k, j, s * x + c * y)
  }
}

/** Cosine and sine of the rotation that makes the symmetric matrix [[a, g], [g, b]] diagonal. Golub & Van Loan, Matrix Computations, 8.5. */
export function jacobiRotation(a: number, b: number, g: number): readonly [c: number, s: number] {
  if (g === 0) return [1, 0]
  const theta = (b - a) / (2 * g)
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(1, theta))
  const c = 1 / Math.hypot(1, t)
  return [c, t * c]
}

/** For each column: the sign of its largest element, of the first of those that are about as large. */
export const columnSigns = (a: Matrix): number[] =>
  Array.from({ length: a.columns }, (_, j) => {
    const column = Array.from({ length: a.rows }, (_, i) => get(a, i, j))
    const largest = Math.max(...column.map(Math.abs))
    return (column.find(x => Math.abs(x) >= 0.999 * largest) ?? 1) < 0 ? -1 : 1
  })

/** Columns in the order of `order`, times signs. */
export const arranged = (a: Matrix, order: readonly number[], signs: readonly number[]): Matrix =>
  matrix(a.rows, order.length, (i, j) => get(a, i, order[j] as number) * (signs[j] as number))
