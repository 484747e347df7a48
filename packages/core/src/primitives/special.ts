/** The error function and its complement: elementwise on floats. */
import type { DType } from '../dtype.ts'
import { erf as referenceErf } from '../lower/instructions.ts'
import type { NodeId } from '../lower/kernel.ts'
import type { Body } from '../lower/lowering.ts'
import { bind1 } from '../program/bind.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { multiply, negative } from './arithmetic.ts'
import { toFloat } from './cast.ts'
import { exp, square } from './exponential.ts'
import { type Derivative, elementwise } from './family.ts'
import type { NoParams, SimplePrimitive } from './primitive.ts'

/** d erf / dx = 2 / sqrt(pi) * exp(-x^2) */
/* @__NO_SIDE_EFFECTS__ */
function gaussian(scale: number): Derivative {
  return (t, [x]) => multiply(t, multiply((scale * 2) / Math.sqrt(Math.PI), exp(negative(square(x as Tensor)))))
}

export const erfP: SimplePrimitive<NoParams> = elementwise({
  name: 'erf',
  inputs: ['x'],
  domain: 'float',
  cost: 12,
  derivatives: [gaussian(1)],
})
export const erfcP: SimplePrimitive<NoParams> = elementwise({
  name: 'erfc',
  inputs: ['x'],
  domain: 'float',
  cost: 40,
  derivatives: [gaussian(-1)],
  composite: { lower: (b, [x], dtype) => lowerErfc(b, x as NodeId, dtype), evaluate: ([x]) => referenceErfc(x as number) },
})

/** p(q) / d(q) with the highest power first, for |x| below the bound; q is 1 / x^2 for float32 and |x| for float64. */
export interface ErfcRange {
  readonly below: number
  readonly p: readonly number[]
  readonly d: readonly number[]
}

// Coefficients: Cephes ndtrf.c and ndtr.c (S. L. Moshier), as in XLA. For |x| >= 1, erfc(x) = exp(-x^2) p(q) / d(q), for float32 divided by |x|.
const single: readonly ErfcRange[] = [
  {
    below: 2,
    p: [
      2.326819970068386e-2, -1.38703938874066e-1, 3.687424674597105e-1, -5.824733027278666e-1, 6.210004621745983e-1, -4.944515323274145e-1,
      3.404879937665872e-1, -2.741127028184656e-1, 5.638259427386472e-1,
    ],
    d: [1],
  },
  {
    below: Infinity,
    p: [
      -1.047766399936249e1, 1.297719955372516e1, -7.495518717768503, 2.921019019210786, -1.0152652792027, 4.218463358204948e-1,
      -2.820767439740514e-1, 5.641895067754075e-1,
    ],
    d: [1],
  },
]
/** exp(x^2) erfc(x) = p(x) / d(x): from 1 to 8, and behind. */
export const erfcTail: readonly [middle: ErfcRange, far: ErfcRange] = [
  {
    below: 8,
    p: [
      2.46196981473530512524e-10, 5.64189564831068821977e-1, 7.46321056442269912687, 4.86371970985681366614e1, 1.96520832956077098242e2,
      5.26445194995477358631e2, 9.3452852717195760754e2, 1.02755188689515710272e3, 5.57535335369399327526e2,
    ],
    d: [
      1, 1.32281951154744992508e1, 8.67072140885989742329e1, 3.54937778887819891062e2, 9.75708501743205489753e2, 1.82390916687909736289e3,
      2.24633760818710981792e3, 1.65666309194161350182e3, 5.57535340817727675546e2,
    ],
  },
  {
    below: Infinity,
    p: [
      5.64189583547755073984e-1, 1.27536670759978104416, 5.01905042251180477414, 6.16021097993053585195, 7.4097426995044893916,
      2.9788666537210024067,
    ],
    d: [
      1, 2.2605286322011727659, 9.39603524938001434673, 1.20489539808096656605e1, 1.70814450747565897222e1, 9.60896809063285878198,
      3.3690764510008151605,
    ],
  },
]

function lowerErfc(b: Body, x: NodeId, dtype: DType): NodeId {
  const constant = (v: number): NodeId => b.constant(v, dtype)
  const apply = (
    op: 'add' | 'sub' | 'mul' | 'div' | 'abs' | 'neg' | 'exp' | 'round' | 'select' | 'erf' | 'min',
    ...args: NodeId[]
  ): NodeId => b.apply(op, args, dtype)
  const below = (a: NodeId, bound: number): NodeId => b.apply('lt', [a, constant(bound)], 'bool')
  const isDouble = dtype === 'float64'
  const size = apply('min', apply('abs', x), constant(30))
  const q = isDouble ? size : apply('div', constant(1), apply('mul', size, size))
  const polynomial = (c: readonly number[]): NodeId =>
    c.slice(1).reduce((sum, v) => apply('add', apply('mul', sum, q), constant(v)), constant(c[0] as number))
  const ratio = ({ p, d }: ErfcRange): NodeId => (d.length === 1 ? polynomial(p) : apply('div', polynomial(p), polynomial(d)))
  const ranges = isDouble ? erfcTail : single
  const scale = ranges.map(ratio).reduceRight((above, r, i) => apply('select', below(size, (ranges[i] as ErfcRange).below), r, above))
  // exp(-x^2) = exp(-h^2) exp(-(x - h)(x + h)), where h has few digits and its square is exact.
  const h = apply('div', apply('round', apply('mul', size, constant(16))), constant(16))
  const rest = apply('mul', apply('sub', size, h), apply('add', size, h))
  const decay = apply('mul', apply('exp', apply('neg', apply('mul', h, h))), apply('exp', apply('neg', rest)))
  const tail = isDouble ? apply('mul', decay, scale) : apply('div', apply('mul', decay, scale), size)
  const far = apply('select', below(x, 0), apply('sub', constant(2), tail), tail)
  return apply('select', b.apply('ge', [apply('abs', x), constant(1)], 'bool'), far, apply('sub', constant(1), apply('erf', x)))
}

/** 1 - erf(x) below 2, above it the continued fraction of Abramowitz & Stegun 7.1.14. Float64, for oracles. */
export function referenceErfc(x: number): number {
  if (!(x >= 2)) return 1 - referenceErf(x)
  let f = 0
  for (let k = 80; k > 0; k--) f = k / 2 / (x + f)
  return Math.exp(-x * x) / ((x + f) * Math.sqrt(Math.PI))
}

/** The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x. SciPy: `special.erf`. */
export function erf(x: TensorLike): Tensor {
  return bind1(erfP, [toFloat('erf', x)])
}
/** 1 - erf(x), accurate where erf(x) is close to 1. SciPy: `special.erfc`. */
export function erfc(x: TensorLike): Tensor {
  return bind1(erfcP, [toFloat('erfc', x)])
}
