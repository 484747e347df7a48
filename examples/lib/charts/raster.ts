/** A matrix as a picture with axes, a cell a pixel, as SVG: a spectrogram, probabilities over time. */
import { scaleLinear } from 'd3-scale'
import { pngFile } from './png.ts'
import { type Drawing, element, text } from './svg.ts'

export interface RasterOptions {
  readonly title: string
  /** What the columns are, and from where to where they reach. */
  readonly x: string
  readonly domainX: readonly [number, number]
  /** What the rows are: the first one is the lowest. */
  readonly y: string
  /** A label each, if there is room. */
  readonly rows?: readonly string[]
  /** Values that are white and darkest; default: the least and the largest. */
  readonly domain?: readonly [number, number]
  /** Lines with a text to the right of each. */
  readonly marks?: readonly { readonly x: number; readonly label: string }[]
  readonly width?: number
  readonly height?: number
}

const MARGIN = { top: 38, right: 14, bottom: 42, left: 44 } as const
const grey = '#767676'

export function raster(values: readonly ArrayLike<number>[], options: RasterOptions): Drawing {
  const { title, width = 480, height = 200, rows = [], marks = [] } = options
  const x = scaleLinear(options.domainX, [MARGIN.left, width - MARGIN.right]),
    bottom = height - MARGIN.bottom,
    rowHeight = (bottom - MARGIN.top) / values.length,
    middle = (MARGIN.top + bottom) / 2,
    count = width / 80
  const body = [
    text(title, { x: MARGIN.left, y: 16, 'font-weight': 'bold' }),
    element('image', {
      href: `data:image/png;base64,${base64(picture(values, options.domain ?? extent(values)))}`,
      x: MARGIN.left,
      y: MARGIN.top,
      width: width - MARGIN.left - MARGIN.right,
      height: bottom - MARGIN.top,
      preserveAspectRatio: 'none',
      style: 'image-rendering: pixelated',
    }),
    ...x.ticks(count).map(v => text(x.tickFormat(count)(v), { x: x(v), y: bottom + 15, 'text-anchor': 'middle', fill: grey })),
    ...rows.map((row, i) => text(row, { x: MARGIN.left - 6, y: bottom - rowHeight * (i + 0.5) + 4, 'text-anchor': 'end', fill: grey })),
    ...marks.flatMap(({ x: at, label }) => [
      element('line', { x1: x(at), x2: x(at), y1: MARGIN.top - 12, y2: bottom, stroke: '#d55e00' }),
      text(label, { x: x(at) + 4, y: MARGIN.top - 3, fill: '#d55e00' }),
    ]),
    text(options.x, { x: (MARGIN.left + width - MARGIN.right) / 2, y: height - 8, 'text-anchor': 'middle' }),
    text(options.y, { x: 14, y: middle, 'text-anchor': 'middle', transform: `rotate(-90 14 ${middle})` }),
  ]
  return { width, height, body: body.join('') }
}

/** White to dark blue, the last row first. */
function picture(values: readonly ArrayLike<number>[], [light, dark]: readonly [number, number]): Uint8Array {
  const shades = [0, 1, 2].map(channel => scaleLinear([light, dark], [1, ([0x08, 0x30, 0x6b][channel] as number) / 255]).clamp(true))
  const pixels = values.toReversed().flatMap(row => Array.from(row, v => shades.map(shade => shade(v))))
  return pngFile(pixels.flat(), { width: values[0]?.length ?? 0, height: values.length, channels: 3 })
}

function extent(values: readonly ArrayLike<number>[]): readonly [number, number] {
  const all = values.flatMap(row => Array.from(row))
  return all.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)] as const, [Infinity, -Infinity] as const)
}

const base64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, b => String.fromCharCode(b)).join(''))
