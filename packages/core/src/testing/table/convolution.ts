/** Convolutions and reductions over windows. */
import fc from 'fast-check'
import { type Padding, convGeneralDilated, convTranspose, reduceWindow } from '../../lax/index.ts'
import * as np from '../../numpy/index.ts'
import type { Tensor } from '../../tensor.ts'
import type { Case } from '../case.ts'
import { type OpEntry, drawn, input, notATensor, refusal, shapedCases, summed, text } from '../entry.ts'

const layouts = [
  ['NCHW', 'OIHW', 'NCHW'],
  ['NHWC', 'HWIO', 'NHWC'],
  ['HWNC', 'OHWI', 'NCHW'],
] as const
const between = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max })
const pairOf = (arbitrary: fc.Arbitrary<number>): fc.Arbitrary<readonly [number, number]> => fc.tuple(arbitrary, arbitrary)
/** Mostly plain, sometimes two. */
const steps = pairOf(fc.constantFrom(1, 1, 2))

const arbConvolution = fc.record({
  n: between(1, 2),
  c: between(1, 3),
  o: between(1, 3),
  size: pairOf(between(1, 6)),
  window: pairOf(between(1, 3)),
  strides: steps,
  lhsDilation: steps,
  rhsDilation: steps,
  padding: fc.oneof(fc.constantFrom('SAME', 'VALID', 'SAME_LOWER'), fc.tuple(pairOf(between(-1, 2)), pairOf(between(0, 3)))),
  groups: fc.constantFrom('none', 'none', 'features', 'batch'),
  layout: fc.constantFrom(...layouts),
})
type Convolution = typeof arbConvolution extends fc.Arbitrary<infer T> ? T : never

/** The sizes of a layout's axes. */
const arrange = (layout: string, sizes: Readonly<Record<string, number>>): number[] => Array.from(layout, c => sizes[c] as number)

function convolutionCase({
  n,
  c,
  o,
  size: [h, w],
  window: [kh, kw],
  strides,
  lhsDilation,
  rhsDilation,
  padding,
  groups,
  layout,
}: Convolution): Omit<Case, 'seed'> {
  const features = groups === 'features' ? 2 : 1,
    batches = groups === 'batch' ? 2 : 1
  // A named padding has no meaning with a dilated input.
  const dilation = typeof padding === 'string' ? [1, 1] : lhsDilation
  return {
    inputs: [
      input(arrange(layout[0], { N: n * batches, C: c * features, H: h, W: w }), 'float32'),
      input(arrange(layout[1], { O: o * features * batches, I: c, H: kh, W: kw }), 'float32'),
    ],
    call: (x, k) =>
      convGeneralDilated(x as Tensor, k as Tensor, strides, padding as Padding, {
        lhsDilation: dilation,
        rhsDilation,
        dimensionNumbers: layout,
        featureGroupCount: features,
        batchGroupCount: batches,
      }),
  }
}

const arbTransposed = fc.record({
  n: between(1, 2),
  c: between(1, 2),
  o: between(1, 2),
  size: pairOf(between(1, 4)),
  window: pairOf(between(1, 4)),
  strides: pairOf(between(1, 3)),
  padding: fc.constantFrom('SAME' as const, 'VALID' as const),
  flipped: fc.boolean(),
})

const arbWindows = fc
  .record({
    rank: between(1, 3),
    size: fc.array(between(3, 6), { minLength: 3, maxLength: 3 }),
    window: fc.array(between(1, 3), { minLength: 3, maxLength: 3 }),
    stride: between(1, 3),
    dilation: between(1, 2),
    operator: fc.constantFrom('sum' as const, 'max' as const, 'min' as const),
    padding: fc.constantFrom('SAME', 'VALID', 'pairs'),
  })
  .map(({ rank, size, window, stride, dilation, operator, padding }) => {
    const windows = window.slice(0, rank),
      padded = padding !== 'VALID'
    return {
      shape: size.slice(0, rank),
      operator,
      windows,
      strides: windows.map(() => stride),
      dilation: windows.map(() => (padded ? 1 : dilation)),
      // Every window holds an element: the maximum of none is -Infinity, which has no derivative.
      padding: padding === 'pairs' ? windows.map(n => [n - 1, Math.min(1, n - 1)] as const) : (padding as 'SAME' | 'VALID'),
    }
  })

const images = (): Tensor => np.ones([1, 2, 5, 5]),
  kernel = (): Tensor => np.ones([3, 2, 3, 3])

export const convolution = {
  convGeneralDilated: {
    cases: drawn(arbConvolution, convolutionCase),
    accuracy: summed(32),
    differentiable: true,
    refused: [
      notATensor('convGeneralDilated', () => convGeneralDilated(text, kernel(), [1, 1], 'SAME')),
      refusal('channels that differ', 'ShapeError', ['convGeneralDilated', '2 channels', '4 input channels'], () =>
        convGeneralDilated(images(), np.ones([3, 4, 3, 3]), [1, 1], 'SAME'),
      ),
      refusal('ranks that differ', 'ShapeError', ['convGeneralDilated', '[3, 2, 3]'], () =>
        convGeneralDilated(images(), np.ones([3, 2, 3]), [1, 1], 'SAME'),
      ),
      refusal('too few strides', 'ValueError', ['convGeneralDilated', 'windowStrides', '[1]'], () =>
        convGeneralDilated(images(), kernel(), [1], 'SAME'),
      ),
      refusal('an unknown padding', 'ValueError', ['convGeneralDilated', 'FULL'], () =>
        convGeneralDilated(images(), kernel(), [1, 1], 'FULL' as never),
      ),
      refusal('layouts of other axes', 'ShapeError', ['convGeneralDilated', 'NHW'], () =>
        convGeneralDilated(images(), kernel(), [1, 1], 'SAME', { dimensionNumbers: ['NHW', 'OIHW', 'NCHW'] }),
      ),
      refusal('groups that do not divide', 'ShapeError', ['convGeneralDilated', '3 output channels', '2 groups'], () =>
        convGeneralDilated(images(), np.ones([3, 1, 3, 3]), [1, 1], 'SAME', { featureGroupCount: 2 }),
      ),
    ],
  },
  convTranspose: {
    cases: drawn(arbTransposed, ({ n, c, o, size: [h, w], window: [kh, kw], strides, padding, flipped }) => ({
      inputs: [input([n, h, w, c], 'float32'), input([kh, kw, ...(flipped ? [o, c] : [c, o])], 'float32')],
      call: (x, k) => convTranspose(x as Tensor, k as Tensor, strides, padding, { transposeKernel: flipped }),
    })),
    accuracy: summed(32),
    differentiable: true,
    refused: [
      notATensor('convTranspose', () => convTranspose(text, kernel(), [1, 1], 'SAME')),
      refusal('a padding that it lacks', 'ValueError', ['convTranspose', 'SAME_LOWER'], () =>
        convTranspose(np.ones([1, 5, 5, 2]), np.ones([3, 3, 2, 3]), [2, 2], 'SAME_LOWER'),
      ),
    ],
  },
  reduceWindow: {
    cases: shapedCases(
      arbWindows,
      (x, { operator, windows, strides, padding, dilation }) =>
        reduceWindow(x, operator, windows, strides, padding, { windowDilation: dilation }),
      ['float32', 'int32'],
    ),
    accuracy: summed(),
    differentiable: true,
    refused: [
      notATensor('reduceWindow', () => reduceWindow(text, 'sum', [1], [1], 'VALID')),
      refusal('windows for other axes', 'ShapeError', ['reduceWindow', '[2]'], () => reduceWindow(images(), 'sum', [2], [1], 'VALID')),
      refusal('an unknown operator', 'ValueError', ['reduceWindow', 'mean'], () =>
        reduceWindow(images(), 'mean' as never, [1, 1, 2, 2], [1, 1, 2, 2], 'VALID'),
      ),
      refusal('a window of nothing', 'ValueError', ['reduceWindow', '0'], () =>
        reduceWindow(images(), 'max', [1, 1, 0, 2], [1, 1, 2, 2], 'VALID'),
      ),
    ],
  },
} satisfies Record<string, OpEntry>
