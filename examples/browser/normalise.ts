/**
 * A drawing as MNIST would have it: its box fitted into 20 x 20 pixels with grey edges, its centre of mass in the middle of 28 x 28
 * (http://yann.lecun.com/exdb/mnist).
 */
import { SIDE } from '../lib/digits.ts'

const BOX = 20
/** In MNIST the mean of the numbers of the pixels is 14, and the middle of pixel 14 is half a pixel further. */
const MIDDLE = 14.5

/** How much ink each point of a square has, in 0..1. */
export interface Ink {
  readonly side: number
  readonly at: (x: number, y: number) => number
}

interface Extent {
  readonly size: number
  readonly centreX: number
  readonly centreY: number
}

/** 28 x 28 grey values in 0..1 of a drawing; undefined for an empty one. */
export function normalise(ink: Ink): Float32Array<ArrayBuffer> | undefined {
  const extent = measure(ink)
  if (extent === undefined) return undefined
  const { size, centreX, centreY } = extent
  // One grey pixel covers `span` x `span` points.
  const span = size / BOX
  const start = (centre: number, i: number): number => centre + (i - MIDDLE) * span
  const columns = new Float32Array(ink.side * SIDE)
  for (let y = 0; y < ink.side; y++)
    for (let i = 0; i < SIDE; i++) columns[y * SIDE + i] = average(start(centreX, i), span, ink.side, x => ink.at(x, y))
  const pixels = new Float32Array(SIDE * SIDE)
  for (let j = 0; j < SIDE; j++)
    for (let i = 0; i < SIDE; i++) pixels[j * SIDE + i] = average(start(centreY, j), span, ink.side, y => columns[y * SIDE + i] as number)
  return pixels
}

/** The longer side of the box around the ink, and its centre of mass. */
function measure({ side, at }: Ink): Extent | undefined {
  let mass = 0,
    sumX = 0,
    sumY = 0
  let left = side,
    right = -1,
    top = side,
    bottom = -1
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const m = at(x, y)
      if (m <= 0) continue
      mass += m
      sumX += m * (x + 0.5)
      sumY += m * (y + 0.5)
      left = Math.min(left, x)
      right = Math.max(right, x)
      top = Math.min(top, y)
      bottom = y
    }
  return mass === 0 ? undefined : { size: Math.max(right - left, bottom - top) + 1, centreX: sumX / mass, centreY: sumY / mass }
}

/** Mean of `at` over [start, start + span]; points outside 0..count have none. Points at the ends count by their covered part. */
function average(start: number, span: number, count: number, at: (i: number) => number): number {
  const end = start + span
  let sum = 0
  for (let i = Math.max(0, Math.floor(start)); i < Math.min(count, end); i++) {
    const covered = Math.min(end, i + 1) - Math.max(start, i)
    if (covered > 0) sum += covered * at(i)
  }
  return sum / span
}
