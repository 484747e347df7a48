/** Parts of floats, and bits of integers. Ranges keep off whole numbers and powers of two, where the parts jump. */
import fc from 'fast-check'
import { clz, populationCount, reducePrecision } from '../../lax/index.ts'
import * as np from '../../numpy/index.ts'
import type { Tensor } from '../../tensor.ts'
import {
  type OpEntry,
  all,
  anyShape,
  drawn,
  exact,
  floats,
  input,
  integers,
  notATensor,
  refusal,
  shapedCases,
  text,
  ulps,
} from '../entry.ts'
import { binary, unary } from './elementwise.ts'

const boolean = { differentiable: 'boolean' } as const
const m23 = (): Tensor => np.ones([2, 3])
const floatsRefused = (name: string, f: (x: Tensor) => Tensor): OpEntry['refused'][number] =>
  refusal('floats', 'DTypeError', [name, 'float32'], () => f(m23()))

/** Of integers of all sizes: the drawn ones, and their products with a large odd number. */
const bits = (name: string, f: (x: Tensor) => Tensor): OpEntry => ({
  cases: shapedCases(
    fc.record({ shape: anyShape, isLarge: fc.boolean() }),
    (x, { isLarge }) => f(isLarge ? np.multiply(x, 0x1234567) : x),
    integers,
  ),
  accuracy: exact,
  differentiable: 'integers',
  refused: [notATensor(name, () => f(text)), floatsRefused(name, f)],
})

const twoResults = (name: string, f: (x: Tensor) => readonly Tensor[]): OpEntry => ({
  cases: shapedCases(fc.record({ shape: anyShape }), x => f(x), floats, [1.1, 1.9]),
  accuracy: exact,
  differentiable: true,
  special: x => np.stack(f(x as Tensor).map(y => np.astype(y, 'float32'))),
  refused: [notATensor(name, () => f(text))],
})
/** Made of many operations, each of which is compiled for each drawn shape. */
const few = { runs: 6 } as const
const neighbours: OpEntry = { ...binary('nextafter', np.nextafter, exact, { dtypes: floats }), ...few }

export const floatParts = {
  signbit: unary('signbit', np.signbit, exact, { ...boolean, dtypes: all }),
  isneginf: unary('isneginf', np.isneginf, exact, { ...boolean, dtypes: all }),
  isposinf: unary('isposinf', np.isposinf, exact, { ...boolean, dtypes: all }),
  rint: unary('rint', np.rint, exact, { differentiable: 'piecewise constant', dtypes: all }),
  cbrt: unary('cbrt', np.cbrt, ulps(3, 'a power and a step of Newton'), { range: [0.2, 3] }),
  copysign: { ...binary('copysign', np.copysign, exact, { dtypes: floats }), ...few },
  fmax: binary('fmax', np.fmax, exact),
  fmin: binary('fmin', np.fmin, exact),
  heaviside: { ...binary('heaviside', np.heaviside, exact, { dtypes: floats }), ...few },
  logaddexp2: {
    ...few,
    ...binary(
      'logaddexp2',
      np.logaddexp2,
      { ulp: 8, of: 'largest', reason: 'arguments and result are scaled by a rounded logarithm' },
      { dtypes: floats },
    ),
  },
  nextafter: neighbours,
  divmod: {
    ...few,
    ...binary('divmod', (x, y) => np.stack(np.divmod(x, y)), ulps(1, 'one rounding'), {
      ranges: [
        [0.1, 0.9],
        [1, 2],
      ],
    }),
    refused: [
      notATensor('divmod', () => np.divmod(text, 1)),
      refusal('shapes that do not broadcast', 'ShapeError', ['divmod', '[2]', '[3]'], () => np.divmod(np.ones([2]), np.ones([3]))),
    ],
  },
  modf: { ...twoResults('modf', np.modf), ...few },
  frexp: { ...twoResults('frexp', np.frexp), ...few },
  ldexp: {
    cases: drawn(fc.record({ shape: anyShape, far: fc.constantFrom(1, 7) }), ({ shape, far }) => ({
      inputs: [input(shape, 'float32'), input(shape, 'int32')],
      call: (x, n) => np.ldexp(x as Tensor, np.multiply(n as Tensor, far)),
    })),
    accuracy: exact,
    differentiable: true,
    special: x => np.ldexp(x as Tensor, -1),
    refused: [
      notATensor('ldexp', () => np.ldexp(text, 1)),
      refusal('no whole exponent', 'DTypeError', ['ldexp', 'float32'], () => np.ldexp(m23(), m23())),
      refusal('shapes that do not broadcast', 'ShapeError', ['ldexp', '[2, 3]', '[2]'], () =>
        np.ldexp(m23(), np.zeros([2], { dtype: 'int32' })),
      ),
    ],
  },
  bitwiseCount: bits('bitwiseCount', np.bitwiseCount),
} satisfies Record<string, OpEntry>

export const laxFloatParts = {
  nextafter: neighbours,
  populationCount: bits('populationCount', populationCount),
  clz: bits('clz', clz),
  reducePrecision: {
    ...few,
    cases: shapedCases(
      fc.record({ shape: anyShape, format: fc.constantFrom([8, 7], [5, 10], [4, 3], [8, 23]) }),
      (x, { format: [e = 8, m = 7] }) => reducePrecision(x, e, m),
      floats,
      [-300, 300],
    ),
    accuracy: exact,
    differentiable: 'the identity, by definition',
    special: x => reducePrecision(x as Tensor, 5, 10),
    refused: [
      notATensor('reducePrecision', () => reducePrecision(text, 8, 7)),
      refusal('no exponent', 'ValueError', ['reducePrecision', '0 and 7'], () => reducePrecision(m23(), 0, 7)),
    ],
  },
} satisfies Record<string, OpEntry>
