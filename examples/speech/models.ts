/** The networks: convolutions over time and pitch, then either one class for a recording or one for each moment. */
import { type Tensor } from '@cotangent/core'
import { batchNorm, bidirectional, conv2d, dense, dropout, globalAvgPool, gruCell, maxPool2d, relu, serial, stateless } from '@cotangent/nn'
import { specAugment } from '@cotangent/nn/data'
import { DIGITS } from './recordings.ts'
import { BANDS } from './spectra.ts'

export interface Widths {
  /** Of the convolutions: the last one sees all bands. */
  readonly channels: readonly [number, number, number, number]
  /** Of the recurrent layer, in each direction. */
  readonly units: number
}
export const usual: Widths = { channels: [16, 32, 64, 128], units: 64 }
export const narrow: Widths = { channels: [4, 4, 8, 8], units: 4 }

/** Frames of a step of what the encoder gives. */
export const FRAMES_PER_STEP = 4

/** While training, some stretches of time and some bands are hidden. */
const masks = stateless<null>(
  (_key, input) => ({ params: null, output: input }),
  (_params, x: Tensor, { train, key }) => {
    if (train !== true || key === undefined) return x
    return specAugment(key, x.reshape(x.shape.slice(0, 3)), { timeWidth: 10, bandWidth: 6 }).reshape(x.shape)
  },
  'masks',
)

const norm = () => batchNorm({ momentum: 0.9 })
const same = { useBias: false } as const

/** Spectra `[n, t, BANDS, 1]` to features of each step, `[n, t / 4, channels]`. */
const encoder = ({ channels: [first, second, third, last] }: Widths) =>
  serial(
    masks,
    conv2d(first, 3, same),
    norm(),
    relu,
    maxPool2d(2),
    conv2d(second, 3, same),
    norm(),
    relu,
    maxPool2d(2),
    conv2d(third, 3, same),
    norm(),
    relu,
    maxPool2d([1, 2]),
    conv2d(last, [3, BANDS / 8], {
      ...same,
      padding: [
        [1, 1],
        [0, 0],
      ],
    }),
    norm(),
    relu,
    (x: Tensor) => x.reshape([x.shape[0] as number, x.shape[1] as number, last]),
  )

/** One of ten digits: `[n, t, BANDS, 1]` to logits `[n, 10]`. */
export const digitClassifier = (widths: Widths) => serial(encoder(widths), globalAvgPool(), dropout(0.3), dense(DIGITS))

/** At each step nothing, which is class 0, or a digit: `[n, t, BANDS, 1]` to logits `[n, t / 4, 11]`. */
export const transcriber = (widths: Widths) =>
  serial(encoder(widths), bidirectional(gruCell(widths.units)), dropout(0.3), dense(DIGITS + 1))
