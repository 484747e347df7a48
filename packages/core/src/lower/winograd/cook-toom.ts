/**
 * The matrices of Winograd's short convolutions, by the construction of Cook and Toom: m results y_i = sum_k g_k d_{i + k} of r taps g by
 * n = m + r - 1 products,
 *
 *   y = A^T ((G g) . (B^T d)),
 *
 * from n - 1 points a_j at which polynomials are evaluated, and infinity:
 *
 *   A^T has the columns (1, a_j, a_j^2, ...);  G the rows (1, a_j, ...) / N_j with N_j = prod over k /= j of (a_j - a_k);
 *   B^T the coefficients of prod over k /= j of (x - a_k), lowest first;
 *
 * and for infinity A^T and G take the highest coefficient alone, B^T the product of all (x - a_k). The divisions stand in G because the
 * taps are few. Rows of G and B^T change sign where N_j is negative, which leaves half of the numbers positive.
 *
 * Sources: Winograd, Arithmetic Complexity of Computations, 1980; Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2015;
 * on the choice of points Barabasz, Anderson, Soodhalter and Gregg, Error Analysis and Improving the Accuracy of Winograd Convolution for
 * Deep Neural Networks, 2018.
 */
import { invariant } from '../../errors.ts'

/** Rows of numbers. */
export type Matrix = readonly (readonly number[])[]

/** The matrices of F(m, r). */
export interface Form {
  readonly results: number
  readonly taps: number
  /** `[m, n]`: A^T. */
  readonly ofResults: Matrix
  /** `[n, r]`: G. */
  readonly ofTaps: Matrix
  /** `[n, n]`: B^T. */
  readonly ofSamples: Matrix
}

/** The finite points for n products: fractions whose powers and products are exact in float64 (and the entries of A^T and B^T in float32). */
const POINTS: Readonly<Record<number, readonly number[]>> = {
  3: [1, -1],
  4: [0, 1, -1],
  5: [1 / 2, -1 / 2, 5 / 4, -5 / 4],
  6: [0, 5 / 8, -5 / 8, 3 / 2, -3 / 2],
  7: [5 / 16, -5 / 16, 7 / 8, -7 / 8, 2, -2],
}
/** The largest number of products for which points were chosen. */
export const MOST_PRODUCTS = 7

const forms = new Map<string, Form>()

/** F(m, r) for m and r of at least 2, m + r - 1 of at most `MOST_PRODUCTS`. */
export function form(m: number, r: number): Form {
  const key = `${m},${r}`
  const known = forms.get(key) ?? construct(m, r)
  forms.set(key, known)
  return known
}

function construct(m: number, r: number): Form {
  const n = m + r - 1
  const finite = POINTS[n]
  invariant(finite !== undefined, `no points for ${n} products`)
  const divisors = finite.map((a, j) => others(finite, j).reduce((product, b) => product * (a - b), 1))
  const sign = (j: number): number => Math.sign(divisors[j] as number)
  const rows = finite.map((a, j) => powers(a, r).map(p => p / Math.abs(divisors[j] as number)))
  const samples = finite.map((_, j) => padded(polynomial(others(finite, j)), n).map(c => c * sign(j) || 0))
  return {
    results: m,
    taps: r,
    ofResults: transpose([...finite.map(a => powers(a, m)), highest(m)]),
    ofTaps: [...rows, highest(r)],
    ofSamples: [...samples, polynomial(finite)],
  }
}

/** Rows as columns. */
export const transpose = (m: Matrix): Matrix => (m[0] as readonly number[]).map((_, j) => m.map(row => row[j] as number))

const others = (points: readonly number[], j: number): readonly number[] => points.filter((_, k) => k !== j)
const powers = (a: number, n: number): number[] => Array.from({ length: n }, (_, i) => a ** i)
const highest = (n: number): number[] => Array.from({ length: n }, (_, i) => (i === n - 1 ? 1 : 0))
const padded = (c: readonly number[], n: number): number[] => [...c, ...new Array<number>(n - c.length).fill(0)]

/** Coefficients of the polynomial with these roots, lowest first. */
const polynomial = (roots: readonly number[]): number[] =>
  roots.reduce((c, a) => [...c, 0].map((_, i) => (i > 0 ? (c[i - 1] as number) : 0) - a * (c[i] ?? 0)), [1])
