/** Fourier transforms: pairs of real tensors, results as lists of re and im. */
import fc from 'fast-check'
import * as fft from '../../fft/index.ts'
import * as np from '../../numpy/index.ts'
import type { Tensor } from '../../tensor.ts'
import type { Case } from '../case.ts'
import {
  type OpEntry,
  type Refusal,
  arbAxis,
  constants,
  drawn,
  exact,
  input,
  notATensor,
  refusal,
  shapedCases,
  summed,
  text,
  ulps,
} from '../entry.ts'

type Shape = readonly number[]

/** Each case is a program of its own. 66 is a product of factors, 67 a prime. */
const runs = 6
const arbOptions = fc.record({
  where: fc.constantFrom<(readonly [Shape, number])[]>([[5], 0], [[8], -1], [[2, 3], 0], [[3, 4], -1], [[66], 0], [[67], 0]),
  norm: fc.constantFrom('backward' as const, 'ortho' as const, 'forward' as const),
  other: fc.constantFrom(undefined, 4, 9),
})
type Options = typeof arbOptions extends fc.Arbitrary<infer T> ? T : never
const optionsOf = ({ where: [, axis], norm, other }: Options): fft.FftOptions => ({ axis, norm, ...(other !== undefined && { n: other }) })
const list = ({ re, im }: fft.Complex): readonly Tensor[] => [re, im]

const transforms = (f: (x: fft.ComplexLike, options: fft.FftOptions) => readonly Tensor[], parts: readonly number[]): fc.Arbitrary<Case> =>
  drawn(fc.record({ options: arbOptions, count: fc.constantFrom(...parts) }), ({ options, count }) => ({
    inputs: Array.from({ length: count }, () => input(options.where[0], 'float32')),
    call: (re, im) => f(count === 1 ? (re as Tensor) : { re: re as Tensor, im: im as Tensor }, optionsOf(options)),
  }))

const refusals = (name: string, f: (x: Tensor, options: fft.FftOptions) => unknown): readonly Refusal[] => [
  notATensor(name, () => f(text, {})),
  refusal('an axis out of range', 'ShapeError', [name, 'axis 1'], () => f(np.ones([3]), { axis: 1 })),
  refusal('no length', 'ValueError', [name, '0'], () => f(np.ones([3]), { n: 0 })),
  refusal('an unknown norm', 'ValueError', [name, 'unitary'], () => f(np.ones([3]), { norm: 'unitary' as never })),
]
const parts = (name: string, f: (x: fft.ComplexLike) => unknown): Refusal =>
  refusal('parts of different shapes', 'ShapeError', [name, '[2]', '[3]'], () => f({ re: np.ones([2]), im: np.ones([3]) }))

const linear: Pick<OpEntry, 'accuracy' | 'runs' | 'differentiable'> = { accuracy: summed(32), runs, differentiable: true }

const frequencies = (name: string, f: (n: number, options?: fft.FrequencyOptions) => Tensor): OpEntry => ({
  cases: constants(
    () => f(5),
    () => f(8, { spacing: 0.5 }),
  ),
  accuracy: ulps(1, 'a quotient'),
  differentiable: 'no input',
  refused: [
    refusal('no length', 'ValueError', [name, '0'], () => f(0)),
    refusal('no spacing', 'ValueError', [name, '-1'], () => f(3, { spacing: -1 })),
  ],
})
const shifts = (name: string, f: (x: Tensor, options?: fft.ShiftOptions) => Tensor): OpEntry => ({
  cases: shapedCases(arbAxis(), (x, { shape, axis }) => (shape.length === 2 ? f(x) : f(x, { axes: [axis] }))),
  accuracy: exact,
  differentiable: true,
  refused: [
    notATensor(name, () => f(text)),
    refusal('an axis out of range', 'ShapeError', [name, 'axis 1'], () => f(np.ones([3]), { axes: [1] })),
  ],
})

export const fftTable = {
  fft: {
    cases: transforms((x, o) => list(fft.fft(x, o)), [1, 2]),
    ...linear,
    refused: [...refusals('fft', fft.fft), parts('fft', fft.fft)],
  },
  ifft: {
    cases: transforms((x, o) => list(fft.ifft(x, o)), [1, 2]),
    ...linear,
    refused: [...refusals('ifft', fft.ifft), parts('ifft', fft.ifft)],
  },
  rfft: { cases: transforms((x, o) => list(fft.rfft(x as Tensor, o)), [1]), ...linear, refused: refusals('rfft', fft.rfft) },
  irfft: {
    cases: transforms((x, o) => [fft.irfft(x, o)], [2]),
    ...linear,
    refused: [...refusals('irfft', fft.irfft), parts('irfft', fft.irfft)],
  },
  fftfreq: frequencies('fftfreq', fft.fftfreq),
  rfftfreq: frequencies('rfftfreq', fft.rfftfreq),
  fftshift: shifts('fftshift', fft.fftshift),
  ifftshift: shifts('ifftshift', fft.ifftshift),
} satisfies Record<string, OpEntry>
