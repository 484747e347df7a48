/**
 * The inverse error function, elementwise. Polynomials in w = -log(1 - x^2), by range of w.
 * Source: M. Giles, "Approximating the erfinv function", GPU Computing Gems 2, 2011 (as XLA): within 4 ulp in float32, 32 in float64.
 */
import type { DType } from '../dtype.ts'
import { erf } from '../lower/instructions.ts'
import type { NodeId } from '../lower/kernel.ts'
import type { Body } from '../lower/lowering.ts'
import { bind1 } from '../program/bind.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { multiply } from './arithmetic.ts'
import { toFloat } from './cast.ts'
import { exp } from './exponential.ts'
import { elementwise } from './family.ts'
import type { NoParams, SimplePrimitive } from './primitive.ts'
import { referenceErfc } from './special.ts'

/** Highest power first, in `w - shift` (the first range) or `sqrt(w) - shift` (the others), for w below `below`. */
interface Range {
  readonly below: number
  readonly shift: number
  readonly coefficients: readonly number[]
}

const single: readonly Range[] = [
  {
    below: 5,
    shift: 2.5,
    coefficients: [
      2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503, -0.00417768164, 0.246640727, 1.50140941,
    ],
  },
  {
    below: Infinity,
    shift: 3,
    coefficients: [
      -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047, 1.00167406, 2.83297682,
    ],
  },
]
const double: readonly Range[] = [
  {
    below: 6.25,
    shift: 3.125,
    coefficients: [
      -3.6444120640178196996e-21, -1.685059138182016589e-19, 1.2858480715256400167e-18, 1.115787767802518096e-17, -1.333171662854620906e-16,
      2.0972767875968561637e-17, 6.6376381343583238325e-15, -4.0545662729752068639e-14, -8.1519341976054721522e-14,
      2.6335093153082322977e-12, -1.2975133253453532498e-11, -5.4154120542946279317e-11, 1.051212273321532285e-9, -4.1126339803469836976e-9,
      -2.9070369957882005086e-8, 4.2347877827932403518e-7, -1.3654692000834678645e-6, -1.3882523362786468719e-5, 0.0001867342080340571352,
      -0.00074070253416626697512, -0.0060336708714301490533, 0.24015818242558961693, 1.6536545626831027356,
    ],
  },
  {
    below: 16,
    shift: 3.25,
    coefficients: [
      2.2137376921775787049e-9, 9.0756561938885390979e-8, -2.7517406297064545428e-7, 1.8239629214389227755e-8, 1.5027403968909827627e-6,
      -4.013867526981545969e-6, 2.9234449089955446044e-6, 1.2475304481671778723e-5, -4.7318229009055733981e-5, 6.8284851459573175448e-5,
      2.4031110387097893999e-5, -0.0003550375203628474796, 0.00095328937973738049703, -0.0016882755560235047313, 0.0024914420961078508066,
      -0.0037512085075692412107, 0.005370914553590063617, 1.0052589676941592334, 3.0838856104922207635,
    ],
  },
  {
    below: Infinity,
    shift: 5,
    coefficients: [
      -2.7109920616438573243e-11, -2.5556418169652520055e-10, 1.5076572693500548083e-9, -3.7894654401267369937e-9, 7.6157012080783393804e-9,
      -1.4960026627149240478e-8, 2.9147953450901080826e-8, -6.7711997758452339498e-8, 2.2900482228026654717e-7, -9.9298272942317002539e-7,
      4.5260625972231537039e-6, -1.9681778105531670567e-5, 7.5995277030017761139e-5, -0.00021503011930044477347, -0.00013871931833623122026,
      1.0103004648645343977, 4.8499064014085844221,
    ],
  },
]

function lowerErfInv(b: Body, x: NodeId, dtype: DType): NodeId {
  const apply = (op: 'add' | 'sub' | 'mul' | 'neg' | 'sqrt' | 'log' | 'select' | 'abs', ...args: NodeId[]): NodeId =>
    b.apply(op, args, dtype)
  const constant = (v: number): NodeId => b.constant(v, dtype)
  // Not log1p(-x^2), which loses the digits of 1 - |x| near the ends; an absolute error of one rounding in w does no harm near zero.
  const size = apply('abs', x),
    w = apply('neg', apply('log', apply('mul', apply('sub', constant(1), size), apply('add', constant(1), size))))
  const root = apply('sqrt', w)
  const polynomial = ({ shift, coefficients }: Range, isFirst: boolean): NodeId => {
    const t = apply('sub', isFirst ? w : root, constant(shift))
    return coefficients.slice(1).reduce((p, c) => apply('add', apply('mul', p, t), constant(c)), constant(coefficients[0] as number))
  }
  const ranges = dtype === 'float64' ? double : single
  const p = ranges
    .map((r, i) => polynomial(r, i === 0))
    .reduceRight((above, value, i) => apply('select', b.apply('lt', [w, constant((ranges[i] as Range).below)], 'bool'), value, above))
  const isEnd = b.apply('eq', [size, constant(1)], 'bool')
  return apply('mul', apply('select', isEnd, constant(Infinity), p), x)
}

/** Newton's method on erf, or on 1 - erf where that is smaller and so more exact. */
function evaluateErfInv(x: number): number {
  const a = Math.abs(x)
  if (!(a < 1)) return a === 1 ? x * Infinity : NaN
  let y = a < 0.5 ? a : Math.sqrt(-Math.log(1 - a))
  for (let i = 0; i < 60; i++) {
    const error = a < 0.5 ? erf(y) - a : 1 - a - referenceErfc(y)
    const step = (error * Math.sqrt(Math.PI) * Math.exp(y * y)) / 2
    y -= step
    if (Math.abs(step) <= 1e-17 * y) break
  }
  return Math.sign(x) * y || x
}

export const erfInvP: SimplePrimitive<NoParams> = elementwise({
  name: 'erfInv',
  inputs: ['x'],
  domain: 'float',
  cost: 40,
  // d/dx = sqrt(pi) / 2 * exp(y^2)
  derivatives: [(t, _, y) => multiply(t, multiply(Math.sqrt(Math.PI) / 2, exp(multiply(y, y))))],
  composite: { lower: (b, [x], dtype) => lowerErfInv(b, x as NodeId, dtype), evaluate: ([x]) => evaluateErfInv(x as number) },
})

/** The y with erf(y) = x, elementwise; infinite at -1 and 1, NaN beyond. SciPy: `special.erfinv`. */
export function erfInv(x: TensorLike): Tensor {
  return bind1(erfInvP, [toFloat('erfInv', x)])
}
