/** Pictures of several digits, and where each of them is. A canvas is a pure function of a key and its number. Runs anywhere. */
import { type Key, random } from '@cotangent/core'
import { type Dataset, type HostArray, dataset } from '@cotangent/nn/data'
import { type Digits, SIDE } from '../lib/digits.ts'

/** Pixels a side. */
export const CANVAS = 64
/** Digits of a canvas: 1 to 4. */
export const MOST = 4
/** Pixels of the longer side of a digit. */
const SIZES = { from: 14, to: 32 } as const
/** Which share of the smaller of two digits' boxes the other may cover. */
const OVERLAP = 0.25
/** Places to try for a digit before it is left out. */
const TRIES = 10
/** Scraps of digits that are none, and their pixels a side. */
const SCRAPS = { most: 4, side: 8 } as const

/** y1, x1, y2, x2, in pixels. */
export type Box = readonly [number, number, number, number]
/** Canvases: x `[n, CANVAS, CANVAS, 1]`, boxes `[n, MOST, 4]` and the digits in them `[n, MOST]`, -1 where there is none. */
export type Canvases = Dataset<{ readonly x: HostArray; readonly boxes: HostArray; readonly classes: HostArray }>

/** Numbers in [0, 1), one after another. */
type Draw = () => number
/** Enough for a canvas, however many tries it takes. */
const DRAWS = 2 + MOST * (2 + 4 * TRIES) + SCRAPS.most * 6 + 1

/** `count` canvases with these digits. */
export function canvases(key: Key, digits: Digits, count: number): Canvases {
  const draws = random.uniform(key, [count, DRAWS]).dataSync() as Float32Array
  const x = new Float32Array(count * CANVAS * CANVAS),
    boxes = new Float32Array(count * MOST * 4),
    classes = new Int32Array(count * MOST).fill(-1)
  for (let i = 0; i < count; i++) {
    let at = i * DRAWS
    const placed = draw(() => draws[at++] as number, digits, x.subarray(i * CANVAS * CANVAS, (i + 1) * CANVAS * CANVAS))
    placed.forEach(({ box, digit }, k) => {
      boxes.set(box, (i * MOST + k) * 4)
      classes[i * MOST + k] = digit
    })
  }
  return dataset({
    x: { data: x, shape: [count, CANVAS, CANVAS, 1] },
    boxes: { data: boxes, shape: [count, MOST, 4] },
    classes: { data: classes, shape: [count, MOST] },
  })
}

interface Placed {
  readonly box: Box
  readonly digit: number
}

/** Fills the pixels of one canvas. */
function draw(next: Draw, digits: Digits, pixels: Float32Array): readonly Placed[] {
  const wanted = 1 + Math.floor(next() * MOST),
    scraps = Math.floor(next() * (SCRAPS.most + 1)),
    placed: Placed[] = []
  for (let i = 0; i < scraps; i++) drawScrap(next, digits, pixels)
  for (let i = 0; i < wanted; i++) {
    const number = Math.floor(next() * digits.count),
      ink = inkOf(digits, number),
      light = 0.6 + 0.4 * next()
    for (let t = 0; t < TRIES; t++) {
      const box = boxFor(next, ink)
      if (placed.some(other => overlap(other.box, box) > OVERLAP)) continue
      paste(digits, number, ink, box, light, pixels)
      placed.push({ box, digit: digits.labels[number] as number })
      break
    }
  }
  return placed
}

/** Some place and size for what is in the box `ink` of a digit's picture. */
function boxFor(next: Draw, [top, left, bottom, right]: Box): Box {
  const [height, width] = [bottom - top, right - left],
    scale = (SIZES.from + (SIZES.to - SIZES.from) * next()) / Math.max(height, width)
  const stretch = 0.85 + 0.3 * next()
  const [h, w] = [Math.min(height * scale, CANVAS), Math.min(width * scale * stretch, CANVAS)] as const
  const y = next() * (CANVAS - h),
    x = next() * (CANVAS - w)
  return [y, x, y + h, x + w]
}

/** The smallest box around all pixels of a digit that are not black. */
function inkOf({ images }: Digits, number: number): Box {
  let [top, left, bottom, right] = [SIDE, SIDE, 0, 0]
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++)
      if ((images[(number * SIDE + y) * SIDE + x] as number) > 0) {
        top = Math.min(top, y)
        left = Math.min(left, x)
        bottom = Math.max(bottom, y + 1)
        right = Math.max(right, x + 1)
      }
  return [top, left, bottom, right]
}

/** Lays a part of a digit's picture over a part of the canvas; the lighter pixel stays. */
function paste(digits: Digits, number: number, from: Box, to: Box, light: number, pixels: Float32Array): void {
  const [top, left] = to,
    rowStep = (from[2] - from[0]) / (to[2] - top),
    columnStep = (from[3] - from[1]) / (to[3] - left)
  for (let y = Math.floor(top); y < Math.min(Math.ceil(to[2]), CANVAS); y++)
    for (let x = Math.floor(left); x < Math.min(Math.ceil(to[3]), CANVAS); x++) {
      // Middles of pixels.
      const v = from[0] + (y + 0.5 - top) * rowStep - 0.5,
        u = from[1] + (x + 0.5 - left) * columnStep - 0.5
      const at = y * CANVAS + x
      pixels[at] = Math.max(pixels[at] as number, light * sample(digits, number, v, u))
    }
}

/** Between the four pixels around a point. */
function sample({ images }: Digits, number: number, v: number, u: number): number {
  const y = Math.floor(v),
    x = Math.floor(u)
  const pixel = (i: number, j: number): number =>
    i < 0 || j < 0 || i >= SIDE || j >= SIDE ? 0 : (images[(number * SIDE + i) * SIDE + j] as number)
  const row = (i: number): number => pixel(i, x) + (u - x) * (pixel(i, x + 1) - pixel(i, x))
  return row(y) + (v - y) * (row(y + 1) - row(y))
}

/** A square from the middle of some digit, which alone says nothing: Mnih et al. 2014 clutter MNIST so, https://arxiv.org/abs/1406.6247. */
function drawScrap(next: Draw, digits: Digits, pixels: Float32Array): void {
  const { side } = SCRAPS,
    number = Math.floor(next() * digits.count)
  const corner = (room: number): number => Math.floor(next() * (room + 1))
  const top = 4 + corner(SIDE - 8 - side),
    left = 4 + corner(SIDE - 8 - side),
    y = corner(CANVAS - side),
    x = corner(CANVAS - side)
  paste(digits, number, [top, left, top + side, left + side], [y, x, y + side, x + side], 0.4 + 0.4 * next(), pixels)
}

/** The common part of two boxes, as a share of the smaller one. */
function overlap(a: Box, b: Box): number {
  const common = Math.max(Math.min(a[2], b[2]) - Math.max(a[0], b[0]), 0) * Math.max(Math.min(a[3], b[3]) - Math.max(a[1], b[1]), 0)
  const area = (box: Box): number => (box[2] - box[0]) * (box[3] - box[1])
  return common / Math.min(area(a), area(b))
}
