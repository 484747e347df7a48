/** Pictures as PNG files. */
import { CotangentError } from '@cotangent/core'
import { encode } from 'fast-png'

export interface PictureSize {
  readonly width: number
  readonly height: number
  /** 1: grey (default), 3: red, green, blue. */
  readonly channels?: 1 | 3
}
export interface GridOptions extends PictureSize {
  /** Pictures in a row. */
  readonly columns: number
  /** Pixels a side for one value; default 2. */
  readonly scale?: number
}

/** One picture of values in 0..1, row after row. Values outside are cut. */
export const pngFile = (values: ArrayLike<number>, { width, height, channels = 1 }: PictureSize): Uint8Array<ArrayBuffer> => {
  const data = Uint8Array.from(values, v => Math.round(255 * Math.min(Math.max(v, 0), 1)))
  return new Uint8Array(encode({ width, height, data, channels, depth: 8 }))
}

/** Pictures of one size, one after another in `values`, in rows with lines between. */
export function pngGrid(values: ArrayLike<number>, options: GridOptions): Uint8Array<ArrayBuffer> {
  const { width, height, channels = 1, columns, scale = 2 } = options
  const each = width * height * channels,
    count = values.length / each
  if (!Number.isInteger(count) || count === 0)
    throw new CotangentError('ValueError', `pngGrid: ${values.length} values are no pictures of ${width} x ${height} x ${channels}.`)
  const rows = Math.ceil(count / columns),
    [cellWidth, cellHeight] = [width * scale + 1, height * scale + 1] as const
  const whole = { width: Math.min(columns, count) * cellWidth + 1, height: rows * cellHeight + 1, channels } as const
  const pixels = new Float32Array(whole.width * whole.height * channels).fill(0.5)
  for (let i = 0; i < count; i++) {
    const left = (i % columns) * cellWidth + 1,
      top = Math.floor(i / columns) * cellHeight + 1
    for (let y = 0; y < height * scale; y++)
      for (let x = 0; x < width * scale; x++)
        for (let c = 0; c < channels; c++) {
          const from = (Math.floor(y / scale) * width + Math.floor(x / scale)) * channels + c
          pixels[((top + y) * whole.width + left + x) * channels + c] = values[i * each + from] as number
        }
  }
  return pngFile(pixels, whole)
}
