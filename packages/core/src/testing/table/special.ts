/** Special functions. Ranges keep away from poles; bounds relative to 1 where a function has zeros inside. */
import fc from 'fast-check'
import * as special from '../../special/index.ts'
import * as np from '../../numpy/index.ts'
import type { Tensor } from '../../tensor.ts'
import type { Accuracy } from '../compare.ts'
import {
  type OpEntry,
  type Range,
  arbBroadcastOf,
  arbShapeOf,
  binaryCases,
  floats,
  input,
  drawn,
  notATensor,
  refusal,
  text,
  ulps,
  unaryCases,
} from '../entry.ts'

/** Each case compiles a large expression. */
const runs = 5
/** Hundreds of operations an element: some elements will do, in a vector that is not a multiple of any width. */
const few = fc.oneof({ weight: 6, arbitrary: arbShapeOf(0, 2) }, { weight: 1, arbitrary: fc.constant([17]) })
const near1 = (ulp: number): Accuracy => ({ ulp, of: 1, reason: 'sums of terms around 1 that cancel near the zeros' })

const unary = (name: string, f: (x: Tensor) => Tensor, range: Range, accuracy: Accuracy, limits = true): OpEntry => ({
  cases: unaryCases(f, range, floats, few),
  accuracy,
  runs,
  differentiable: true,
  refused: [notATensor(name, () => f(text))],
  ...(limits && { special: f as OpEntry['special'] & object }),
})
const binary = (name: string, f: (x: Tensor, y: Tensor) => Tensor, ranges: readonly [Range, Range], accuracy: Accuracy): OpEntry => ({
  cases: binaryCases(f, ranges, floats, arbBroadcastOf(few)),
  accuracy,
  runs,
  differentiable: true,
  refused: [
    notATensor(name, () => f(np.ones([2]), text)),
    refusal('shapes that do not broadcast', 'ShapeError', [name, '[2]', '[3]'], () => f(np.ones([2]), np.ones([3]))),
  ],
})

const positive: Range = [0.1, 4]

export const specialTable = {
  gammaln: unary('gammaln', special.gammaln, [0.1, 6], near1(32), false),
  digamma: unary('digamma', special.digamma, [0.1, 6], near1(32), false),
  polygamma: {
    cases: drawn(fc.record({ n: fc.integer({ min: 0, max: 3 }), negative: fc.boolean() }), ({ n, negative }) => ({
      inputs: [input([3], 'float32', negative ? [-0.9, -0.1] : [0.3, 4])],
      call: x => special.polygamma(n, x as Tensor),
    })),
    accuracy: { ulp: 64, of: 'largest', reason: 'reflected sums' },
    runs,
    differentiable: true,
    refused: [
      notATensor('polygamma', () => special.polygamma(1, text)),
      refusal('a fraction as order', 'ValueError', ['polygamma', '0.5'], () => special.polygamma(0.5, np.ones([2]))),
    ],
  },
  betaln: binary('betaln', special.betaln, [positive, positive], near1(64)),
  gammainc: binary('gammainc', special.gammainc, [positive, positive], ulps(64, 'exponentials of sums of logarithms')),
  gammaincc: binary('gammaincc', special.gammaincc, [positive, positive], near1(64)),
  i0e: unary('i0e', special.i0e, [0.1, 12], ulps(16, 'a Chebyshev series'), false),
  i1e: unary('i1e', special.i1e, [-12, 12], ulps(32, 'a Chebyshev series'), false),
  ndtr: unary('ndtr', special.ndtr, [-3, 3], ulps(32, 'the argument is rounded'), false),
  ndtri: unary('ndtri', special.ndtri, [0.05, 0.95], near1(16), false),
  logNdtr: unary('logNdtr', special.logNdtr, [-4, 2], ulps(32, 'logarithms of an exponential'), false),
  erfcx: unary('erfcx', special.erfcx, [-2, 3], ulps(32, 'an exponential of a rounded square'), false),
  entr: unary('entr', special.entr, [0.1, 2], near1(4)),
  relEntr: binary(
    'relEntr',
    special.relEntr,
    [
      [0.1, 2],
      [0.1, 2],
    ],
    near1(8),
  ),
  klDiv: binary(
    'klDiv',
    special.klDiv,
    [
      [0.1, 2],
      [0.1, 2],
    ],
    near1(16),
  ),
  logit: unary('logit', special.logit, [0.05, 0.95], near1(8)),
  xlogy: binary(
    'xlogy',
    special.xlogy,
    [
      [-2, 2],
      [0.1, 2],
    ],
    near1(8),
  ),
  xlog1py: binary(
    'xlog1py',
    special.xlog1py,
    [
      [-2, 2],
      [-0.9, 2],
    ],
    near1(8),
  ),
} satisfies Record<string, OpEntry>
