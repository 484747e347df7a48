/** Canvases with what was found on them, as SVG. */
import type { Tensor } from '@cotangent/core'
import type { metrics } from '@cotangent/nn'
import { pngFile } from '../lib/charts/png.ts'
import { type Drawing, element, text } from '../lib/charts/svg.ts'
import { type Box, CANVAS, type Canvases, MOST } from './canvases.ts'

export interface Sight {
  readonly pixels: ArrayLike<number>
  /** Of the digits that are there. */
  readonly truth: readonly Box[]
  readonly found: readonly Found[]
}
export interface Found {
  readonly box: Box
  readonly digit: number
  readonly score: number
  /** It has found a digit that no surer one has. */
  readonly isRight: boolean
}

/** Less sure ones are not drawn. */
const LEAST_SCORE = 0.3

/** The first canvases with the detections on them. `right` has 1 for those that have found a digit, in the same order. */
export function foundOn({ columns }: Canvases, detections: metrics.Detections, right: Tensor, count: number): readonly Sight[] {
  const boxes = numbersOf(detections.boxes),
    scores = numbersOf(detections.scores),
    digits = numbersOf(detections.classes),
    hits = numbersOf(right),
    most = detections.scores.shape[1] as number,
    n = Math.min(count, detections.scores.shape[0] as number)
  return Array.from({ length: n }, (_, i) => {
    const found = Array.from({ length: most }, (__, k) => i * most + k).filter(at => (scores[at] as number) >= LEAST_SCORE)
    const truth = Array.from({ length: MOST }, (__, k) => i * MOST + k).filter(at => (columns.classes.data[at] as number) >= 0)
    return {
      pixels: columns.x.data.subarray(i * CANVAS * CANVAS, (i + 1) * CANVAS * CANVAS) as Float32Array,
      truth: truth.map(at => boxAt(columns.boxes.data, at)),
      found: found.map(at => ({
        box: boxAt(boxes, at),
        digit: digits[at] as number,
        score: scores[at] as number,
        isRight: hits[at] === 1,
      })),
    }
  })
}
const numbersOf = (t: Tensor): readonly number[] => Array.from(t.dataSync(), Number)
const boxAt = (boxes: ArrayLike<number | bigint>, at: number): Box =>
  Array.from({ length: 4 }, (_, k) => Number(boxes[at * 4 + k])) as unknown as Box

/** Screen pixels for one. */
const SCALE = 3
const GAP = 6
const colors = { right: '#4fd08a', wrong: '#ff7a45', truth: '#9a9a9a' } as const

/** A canvas, the boxes of its digits (thin and grey), and what was found: green if right, else orange. */
export function drawSight({ pixels, truth, found }: Sight): Drawing {
  const side = CANVAS * SCALE
  const picture = element('image', {
    href: `data:image/png;base64,${base64(pngFile(pixels, { width: CANVAS, height: CANVAS }))}`,
    width: side,
    height: side,
    style: 'image-rendering: pixelated',
  })
  const body = [picture, ...truth.map(box => frame(box, colors.truth, 1)), ...found.flatMap(drawFound)]
  return { width: side + GAP, height: side + GAP, body: body.join('') }
}

function drawFound({ box, digit, score, isRight }: Found): readonly string[] {
  const [y1, x1, y2] = box,
    color = isRight ? colors.right : colors.wrong
  const at = {
    x: Math.min(Math.max(x1, 0), CANVAS - 14) * SCALE,
    // Above the box, or below it where there is no room.
    y: y1 > 5 ? y1 * SCALE - 4 : y2 * SCALE + 12,
  }
  return [frame(box, color, 2), text(`${digit} ${score.toFixed(2)}`, { ...at, fill: color, 'font-weight': 'bold' })]
}

const frame = ([y1, x1, y2, x2]: Box, stroke: string, width: number): string =>
  element('rect', {
    x: x1 * SCALE,
    y: y1 * SCALE,
    width: Math.max(x2 - x1, 0) * SCALE,
    height: Math.max(y2 - y1, 0) * SCALE,
    fill: 'none',
    stroke,
    'stroke-width': width,
  })

/** Node and pages both have `btoa`. */
const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes))
