/** Images and sequences. */
import fc from 'fast-check'
import * as image from '../../image/index.ts'
import * as np from '../../numpy/index.ts'
import * as signal from '../../signal/index.ts'
import type { Tensor } from '../../tensor.ts'
import { type OpEntry, constants, drawn, exact, input, notATensor, refusal, summed, text, ulps } from '../entry.ts'

type Shape = readonly number[]
const runs = 6

export const imageTable = {
  resize: {
    cases: drawn(
      fc.record({
        shapes: fc.constantFrom<(readonly [Shape, Shape])[]>(
          [[5], [3]],
          [[3], [7]],
          [
            [2, 4],
            [3, 3],
          ],
          [
            [4, 3, 2],
            [2, 5, 2],
          ],
        ),
        method: fc.constantFrom('nearest' as const, 'linear' as const, 'cubic' as const),
        antialias: fc.boolean(),
      }),
      ({ shapes: [from, to], method, antialias }) => ({
        inputs: [input(from, 'float32')],
        call: x => image.resize(x as Tensor, to, method, { antialias }),
      }),
    ),
    accuracy: summed(8),
    runs,
    differentiable: true,
    refused: [
      notATensor('resize', () => image.resize(text, [2], 'linear')),
      refusal('other axes', 'ShapeError', ['resize', '[2, 2]', '[3]'], () => image.resize(np.ones([3]), [2, 2], 'linear')),
      refusal('an unknown method', 'ValueError', ['resize', 'lanczos'], () => image.resize(np.ones([3]), [2], 'lanczos' as never)),
    ],
  },
  mapCoordinates: {
    cases: drawn(
      fc.record({
        mode: fc.constantFrom('constant' as const, 'nearest' as const, 'wrap' as const, 'mirror' as const, 'reflect' as const),
        order: fc.constantFrom(0 as const, 1 as const),
        two: fc.boolean(),
      }),
      ({ mode, order, two }) => ({
        inputs: [input(two ? [3, 4] : [5], 'float32'), ...(two ? [input([4], 'float32', [-1, 3])] : []), input([4], 'float32', [-1.5, 5])],
        call: (x, ...at) => image.mapCoordinates(x as Tensor, at, { mode, order, cval: 0.5 }),
      }),
    ),
    accuracy: summed(8),
    runs,
    differentiable: true,
    refused: [
      notATensor('mapCoordinates', () => image.mapCoordinates(text, [0])),
      refusal('too few coordinates', 'ShapeError', ['mapCoordinates', '2', '1'], () => image.mapCoordinates(np.ones([2, 2]), [0])),
      refusal('an unknown mode', 'ValueError', ['mapCoordinates', 'edge'], () =>
        image.mapCoordinates(np.ones([2]), [0], { mode: 'edge' as never }),
      ),
      refusal('a cubic order', 'ValueError', ['mapCoordinates', '3'], () => image.mapCoordinates(np.ones([2]), [0], { order: 3 as never })),
    ],
  },
  nonMaximumSuppression: {
    cases: drawn(
      fc.record({ n: fc.constantFrom(1, 5), size: fc.constantFrom(1, 4), score: fc.constantFrom(-9, 0) }),
      ({ n, size, score }) => ({
        inputs: [input([n, 4], 'float32'), input([n], 'float32')],
        call: (boxes, scores) =>
          image.nonMaximumSuppression(boxes as Tensor, scores as Tensor, size, { iouThreshold: 0.3, scoreThreshold: score }),
      }),
    ),
    accuracy: exact,
    runs,
    differentiable: 'positions',
    refused: [
      notATensor('nonMaximumSuppression', () => image.nonMaximumSuppression(text, np.ones([2]), 1)),
      refusal('boxes of three numbers', 'ShapeError', ['nonMaximumSuppression', '[2, 3]'], () =>
        image.nonMaximumSuppression(np.ones([2, 3]), np.ones([2]), 1),
      ),
      refusal('a threshold above 1', 'ValueError', ['nonMaximumSuppression', '2'], () =>
        image.nonMaximumSuppression(np.ones([2, 4]), np.ones([2]), 1, { iouThreshold: 2 }),
      ),
    ],
  },
} satisfies Record<string, OpEntry>

const noWindow = (name: string, call: (window: never) => unknown) =>
  refusal('an unknown window', 'ValueError', [name, 'kaiser'], () => call('kaiser' as never))

const arbStft = fc.record({
  window: fc.constantFrom('hann' as const, 'boxcar' as const, 'hamming' as const),
  nperseg: fc.constantFrom(4, 5),
  noverlap: fc.constantFrom(2, 3),
  nfft: fc.constantFrom(5, 8),
  boundary: fc.boolean(),
})

export const signalTable = {
  frame: {
    cases: drawn(fc.record({ length: fc.integer({ min: 1, max: 4 }), step: fc.integer({ min: 1, max: 3 }) }), ({ length, step }) => ({
      inputs: [input([2, 6], 'float32')],
      call: x => signal.frame(x as Tensor, length, step),
    })),
    accuracy: exact,
    runs,
    differentiable: true,
    refused: [
      notATensor('frame', () => signal.frame(text, 2, 1)),
      refusal('fewer samples than a frame', 'ShapeError', ['frame', '[3]', '4'], () => signal.frame(np.ones([3]), 4, 1)),
      refusal('no step', 'ValueError', ['frame', '0'], () => signal.frame(np.ones([3]), 2, 0)),
    ],
  },
  overlapAndAdd: {
    cases: drawn(fc.record({ length: fc.integer({ min: 1, max: 5 }), step: fc.integer({ min: 1, max: 4 }) }), ({ length, step }) => ({
      inputs: [input([2, 3, Math.max(length, step)], 'float32')],
      call: x => signal.overlapAndAdd(x as Tensor, step),
    })),
    accuracy: summed(4),
    runs,
    differentiable: true,
    refused: [
      notATensor('overlapAndAdd', () => signal.overlapAndAdd(text, 1)),
      refusal('one axis', 'ShapeError', ['overlapAndAdd', '[3]'], () => signal.overlapAndAdd(np.ones([3]), 1)),
      refusal('no step', 'ValueError', ['overlapAndAdd', '0'], () => signal.overlapAndAdd(np.ones([3, 2]), 0)),
    ],
  },
  getWindow: {
    cases: constants(
      () => signal.getWindow('hann', 5),
      () => signal.getWindow('blackman', 4, { periodic: false }),
    ),
    accuracy: ulps(0, 'computed on the host'),
    differentiable: 'no input',
    refused: [
      noWindow('getWindow', w => signal.getWindow(w, 4)),
      refusal('no length', 'ValueError', ['getWindow', '0'], () => signal.getWindow('hann', 0)),
    ],
  },
  melFilterbank: {
    cases: constants(
      () => signal.melFilterbank(4, 16, 8000),
      () => signal.melFilterbank(3, 16, 8000, { scale: 'slaney', areas: true, low: 100 }),
    ),
    accuracy: ulps(0, 'computed on the host'),
    differentiable: 'no input',
    refused: [
      refusal('no filters', 'ValueError', ['melFilterbank', '0'], () => signal.melFilterbank(0, 16, 8000)),
      refusal('frequencies that are not sampled', 'ValueError', ['melFilterbank', '5000', '8000'], () =>
        signal.melFilterbank(4, 16, 8000, { high: 5000 }),
      ),
    ],
  },
  stft: {
    cases: drawn(arbStft, options => ({
      inputs: [input([9], 'float32')],
      call: x => {
        const { re, im } = signal.stft(x as Tensor, options)
        return [re, im]
      },
    })),
    accuracy: summed(32),
    runs,
    differentiable: true,
    refused: [
      notATensor('stft', () => signal.stft(text)),
      noWindow('stft', window => signal.stft(np.ones([9]), { window })),
      refusal('an overlap of all', 'ValueError', ['stft', '4'], () => signal.stft(np.ones([9]), { nperseg: 4, noverlap: 4 })),
    ],
  },
  istft: {
    cases: drawn(arbStft, options => ({
      inputs: [input([(options.nfft >> 1) + 1, 3], 'float32'), input([(options.nfft >> 1) + 1, 3], 'float32')],
      call: (re, im) => signal.istft({ re: re as Tensor, im: im as Tensor }, { ...options, boundary: true, window: 'hamming' }),
    })),
    accuracy: summed(64),
    runs,
    differentiable: true,
    refused: [
      notATensor('istft', () => signal.istft({ re: text, im: text })),
      refusal('another length', 'ShapeError', ['istft', '[4, 3]'], () =>
        signal.istft({ re: np.ones([4, 3]), im: np.ones([4, 3]) }, { nperseg: 4 }),
      ),
    ],
  },
} satisfies Record<string, OpEntry>
