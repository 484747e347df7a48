/** Grey values and weights as pictures. */
import { SIDE } from '../lib/digits.ts'
import { contextOf, cssColor } from './dom.ts'
import type { Filters } from './protocol.ts'

type Rgb = readonly [number, number, number]

/** The channels of a colour `#rrggbb` of the style sheet. */
function rgb(name: string): Rgb {
  const n = Number.parseInt(cssColor(name).slice(1), 16)
  return [n >> 16, (n >> 8) & 255, n & 255]
}

/** 28 x 28 grey values in 0..1 as the alpha channel of black ink. */
export function inkImage(pixels: Float32Array): ImageData {
  const image = new ImageData(SIDE, SIDE)
  pixels.forEach((value, i) => (image.data[4 * i + 3] = Math.round(255 * value)))
  return image
}

/** The same on a canvas of that size; undefined empties it. */
export function drawDigit(canvas: HTMLCanvasElement, pixels: Float32Array | undefined): void {
  canvas.width = canvas.height = SIDE
  if (pixels !== undefined) contextOf(canvas).putImageData(inkImage(pixels), 0, 0)
}

/** Filters in a grid, one pixel a weight: one colour for positive ones, another for negative ones, stronger for larger ones. */
export function drawFilters(canvas: HTMLCanvasElement, { count, side, values }: Filters): void {
  const columns = Math.ceil(Math.sqrt(count)),
    cell = side + 1
  const image = new ImageData(columns * cell - 1, Math.ceil(count / columns) * cell - 1)
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const positive = rgb('--positive'),
    negative = rgb('--negative')
  for (let f = 0; f < count; f++)
    for (let i = 0; i < side * side; i++) {
      const value = (values[f * side * side + i] as number) / largest
      const x = (f % columns) * cell + (i % side),
        y = Math.floor(f / columns) * cell + Math.floor(i / side)
      image.data.set([...(value < 0 ? negative : positive), Math.round(255 * Math.abs(value))], 4 * (y * image.width + x))
    }
  canvas.width = image.width
  canvas.height = image.height
  contextOf(canvas).putImageData(image, 0, 0)
}
