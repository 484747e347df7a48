/**
 * Kinks, ties and ends of domains: points that drawn cases keep away from, with the slope that reverse mode gives there. JAX's conventions,
 * unless differences.ts says otherwise: an extremum shares its slope equally among ties, one that selects (sort, topK) takes the first.
 */
import * as lax from '../lax/index.ts'
import * as linalg from '../linalg/index.ts'
import * as np from '../numpy/index.ts'
import * as special from '../special/index.ts'
import type { Tensor } from '../tensor.ts'
import { grad } from '../transforms/grad.ts'
import type { Verdict } from './derivatives.ts'

type Value = number | readonly number[]

export interface Kink {
  /** For readers: `x = 0`. */
  readonly where: string
  readonly f: (...xs: readonly Tensor[]) => Tensor
  readonly at: readonly Value[]
  /** The gradient of the sum of the results, by each argument. */
  readonly slope: readonly Value[]
}

const kink = (where: string, f: (...xs: readonly never[]) => Tensor, at: readonly Value[], slope: readonly Value[]): Kink => ({
  where,
  f: f as Kink['f'],
  at,
  slope,
})
type Unary = (x: Tensor) => Tensor
type Binary = (x: Tensor, y: Tensor) => Tensor

const tie = (f: Binary): readonly Kink[] => [kink('x = y', f, [1, 1], [0.5, 0.5])]
const sharedMax = (f: Unary): Kink => kink('ties', f, [[1, 1, 0]], [[0.5, 0.5, 0]])
const sharedMin = (f: Unary): Kink => kink('ties', f, [[1, 1, 2]], [[0.5, 0.5, 0]])
const ofZeros = (f: Unary): readonly Kink[] => [kink('zeros', f, [[0, 0]], [[0, 0]])]
const end = (where: string, f: Unary, at: number, slope: number): readonly Kink[] => [kink(where, f, [at], [slope])]
const first = (f: Unary, tied: readonly number[] = [1, 0]): readonly Kink[] => [kink('ties', f, [[1, 1]], [tied])]
const zero = (): Tensor => np.scalar(0, { dtype: 'int32' })

/** By the names of the op table. */
export const kinks: Readonly<Record<string, readonly Kink[]>> = {
  abs: end('x = 0', np.abs, 0, 0),
  maximum: tie(np.maximum),
  minimum: tie(np.minimum),
  fmax: tie(np.fmax),
  fmin: tie(np.fmin),
  logaddexp: tie(np.logaddexp),
  logaddexp2: tie(np.logaddexp2),
  clip: [
    kink('x = the lower bound', (x: Tensor) => np.clip(x, -1, 1), [-1], [0]),
    kink('x = the upper bound', (x: Tensor) => np.clip(x, -1, 1), [1], [0]),
  ],
  'lax.clamp': end('x = a bound', (x: Tensor) => lax.clamp(-1, x, 1), 1, 0),
  remainder: [kink('x / y is whole', np.remainder as Binary, [2, 1], [1, -2])],
  fmod: [kink('x / y is whole', np.fmod as Binary, [2, 1], [1, -2])],
  hypot: [kink('x = y = 0', np.hypot as Binary, [0, 0], [0, 0])],
  arctan2: [kink('x = y = 0', np.arctan2 as Binary, [0, 0], [NaN, NaN])],
  sqrt: end('x = 0', np.sqrt, 0, Infinity),
  cbrt: end('x = 0', np.cbrt, 0, Infinity),
  log: end('x = 0', np.log, 0, Infinity),
  reciprocal: end('x = 0', np.reciprocal, 0, -Infinity),
  arcsin: end('x = 1', np.arcsin, 1, Infinity),
  arccos: end('x = 1', np.arccos, 1, -Infinity),
  arccosh: end('x = 1', np.arccosh, 1, Infinity),
  power: [kink('x = 0', np.power as Binary, [0, 2], [0, 0])],
  sinc: end('x = 0', np.sinc, 0, 0),
  copysign: [kink('x = 0', np.copysign as Binary, [0, 1], [0, 0])],
  heaviside: [kink('x = 0', np.heaviside as Binary, [0, 0.5], [0, 1])],
  nanToNum: [...end('x = Infinity', np.nanToNum, Infinity, 0), ...end('x = NaN', np.nanToNum, NaN, 0)],
  interp: end('x = a point', x => np.interp(x, np.array([0, 1, 2]), np.array([0, 1, 5])), 1, 4),
  unwrap: [kink('a jump of half a period', (x: Tensor) => np.unwrap(x), [[0, Math.PI]], [[1, 1]])],
  max: [sharedMax(x => np.max(x))],
  min: [sharedMin(x => np.min(x))],
  ptp: [kink('ties', (x: Tensor) => np.ptp(x), [[1, 1, 0]], [[0.5, 0.5, -1]])],
  nanmax: [sharedMax(x => np.nanmax(x))],
  nanmin: [sharedMin(x => np.nanmin(x))],
  std: [kink('equal elements', (x: Tensor) => np.std(x), [[2, 2]], [[0, 0]])],
  nanstd: [kink('equal elements', (x: Tensor) => np.nanstd(x), [[2, 2]], [[0, 0]])],
  prod: [kink('two zeros', (x: Tensor) => np.prod(x), [[0, 0, 2]], [[0, 0, 0]])],
  cumprod: [kink('a zero', (x: Tensor) => np.cumprod(x), [[0, 2, 3]], [[9, 0, 0]])],
  norm: ofZeros(x => np.norm(x)),
  vectorNorm: ofZeros(x => np.vectorNorm(x)),
  median: [kink('ties', (x: Tensor) => np.median(x), [[1, 1, 1]], [[0, 1, 0]])],
  quantile: [kink('ties', (x: Tensor) => np.quantile(x, 0.5), [[1, 1, 1]], [[0, 1, 0]])],
  percentile: [kink('ties', (x: Tensor) => np.percentile(x, 50), [[1, 1, 1]], [[0, 1, 0]])],
  sort: first(x => np.sort(x).at(0).get()),
  partition: first(x => np.partition(x, 0).at(0).get()),
  'lax.sort': first(x => (lax.sort([x])[0] as Tensor).at(0).get()),
  'lax.topK': first(x => lax.topK(x, 1)[0]),
  'lax.cummax': first(x => lax.cummax(x).at(-1).get(), [0, 1]),
  'lax.cummin': first(x => lax.cummin(x).at(-1).get(), [0, 1]),
  'lax.reduceWindow': first(x => lax.reduceWindow(x, 'max', [2], [1], 'VALID')),
  'lax.scatterMax': [kink('ties', (x: Tensor, u: Tensor) => lax.scatterMax(x, [zero()], u), [[1], 1], [[0.5], 0.5])],
  'lax.scatterMin': [kink('ties', (x: Tensor, u: Tensor) => lax.scatterMin(x, [zero()], u), [[1], 1], [[0.5], 0.5])],
  'at.max': [kink('ties', (x: Tensor, u: Tensor) => x.at(0).max(u), [[1], 1], [[0.5], 0.5])],
  'at.min': [kink('ties', (x: Tensor, u: Tensor) => x.at(0).min(u), [[1], 1], [[0.5], 0.5])],
  'lax.scatterMul': [
    kink('zeros', (x: Tensor, u: Tensor) => lax.scatterMul(x, [np.zeros([2], { dtype: 'int32' })], u), [[3], [0, 2]], [[0], [6, 0]]),
  ],
  logsumexp: [kink('all -Infinity', (x: Tensor) => np.logsumexp(x), [[-Infinity, -Infinity]], [[0, 0]])],
  'special.xlogy': [kink('x = 0', special.xlogy as Binary, [0, 1], [0, 0])],
  'special.entr': end('x = 0', special.entr, 0, Infinity),
  'linalg.eigh': [
    kink(
      'equal eigenvalues',
      (x: Tensor) =>
        linalg.eigh(np.multiply(x, np.eye(2)))[1].mul(
          np.array([
            [1, 2],
            [3, 4],
          ]),
        ),
      [1],
      [0],
    ),
  ],
  'linalg.svd': [
    kink(
      'equal singular values',
      (x: Tensor) =>
        linalg.svd(np.multiply(x, np.eye(2)))[0].mul(
          np.array([
            [1, 2],
            [3, 4],
          ]),
        ),
      [1],
      [0],
    ),
  ],
}

/** Does reverse mode give the declared slopes? */
export function slopeAtKink({ where, f, at, slope }: Kink): Verdict {
  const gradient = grad((xs: readonly Tensor[]) => np.sum(f(...xs)))(at.map(x => np.array(x as number[])))
  const got = gradient.flatMap(t => Array.from(t.dataSync())),
    wanted = slope.flat() as readonly number[]
  const wrong = wanted.findIndex(
    (w, i) => !(Object.is(got[i], w) || got[i] === w || Math.abs((got[i] as number) - w) <= 1e-5 * Math.max(1, Math.abs(w))),
  )
  return wrong < 0 ? null : `the slope where ${where}: [${got.join()}] instead of [${wanted.join()}]`
}
