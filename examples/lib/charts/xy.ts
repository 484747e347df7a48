/** Curves and clouds of points over two axes, as SVG. Scales and ticks are d3-scale's. */
import { type ScaleContinuousNumeric, scaleLinear, scaleLog } from 'd3-scale'
import type { Series } from './series.ts'
import { type Drawing, colorOf, element, text } from './svg.ts'

export interface XyOptions {
  readonly title: string
  /** What the axes show. */
  readonly x: string
  readonly y: string
  /** Default: linear. Points that a logarithm does not have are left out. */
  readonly logX?: boolean
  readonly logY?: boolean
  /** Default: what the points need. */
  readonly domainX?: readonly [number, number]
  readonly domainY?: readonly [number, number]
  /** Default: line. */
  readonly mark?: 'line' | 'points'
  readonly width?: number
  readonly height?: number
}

type Scale = ScaleContinuousNumeric<number, number>
const MARGIN = { top: 30, right: 14, bottom: 42, left: 58 } as const
const grey = '#767676'

export function xyChart(series: readonly Series[], options: XyOptions): Drawing {
  const { title, logX = false, logY = false, width = 480, height = 300 } = options
  const drawn = series.map(s => s.points.filter(([x, y]) => isShown(x, logX) && isShown(y, logY)))
  const at = (axis: 0 | 1): readonly number[] => drawn.flatMap(points => points.map(p => p[axis]))
  const x = scaleOf(logX, options.domainX ?? extent(at(0)), [MARGIN.left, width - MARGIN.right]),
    y = scaleOf(logY, options.domainY ?? extent(at(1)), [height - MARGIN.bottom, MARGIN.top])
  const marks = drawn.map((points, i) => {
    const placed = points.map(([px, py]) => [x(px), y(py)] as const)
    return options.mark === 'points' ? dots(placed, colorOf(i)) : curve(placed, colorOf(i))
  })
  const body = [
    text(title, { x: MARGIN.left, y: 16, 'font-weight': 'bold' }),
    ...xAxis(x, options.x, width, height),
    ...yAxis(y, options.y, width, height),
    clipped(marks, width, height),
    ...(series.length > 1 ? legend(series, width) : []),
  ]
  return { width, height, body: body.join('') }
}

const isShown = (v: number, log: boolean): boolean => Number.isFinite(v) && (!log || v > TINY)

/** Scales do not work with numbers below. */
const TINY = 1e-300

/** Their range; one that is empty or a point gets some width. */
function extent(values: readonly number[]): readonly [number, number] {
  const [low, high] = values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)] as const, [Infinity, -Infinity] as const)
  if (low > high) return [0, 1]
  const size = Math.max(Math.abs(low), Math.abs(high))
  if (size <= TINY) return [-1, 1]
  return high - low > 1e-12 * size ? [low, high] : [low - size / 2, high + size / 2]
}

const scaleOf = (log: boolean, domain: readonly [number, number], range: readonly [number, number]): Scale =>
  (log ? scaleLog() : scaleLinear()).domain(domain).range(range).nice()

/** Given limits may leave points outside of the axes; what lies on an axis is drawn whole. */
function clipped(marks: readonly string[], width: number, height: number): string {
  const x = MARGIN.left - 3,
    y = MARGIN.top - 3
  const w = width - MARGIN.left - MARGIN.right + 6,
    h = height - MARGIN.top - MARGIN.bottom + 6
  return element('svg', { x, y, width: w, height: h, viewBox: `${x} ${y} ${w} ${h}`, overflow: 'hidden' }, ...marks)
}

/** A single point has no line. */
const curve = (points: readonly (readonly [number, number])[], color: string): string =>
  points.length === 1 ? dots(points, color) : line(points, color)
const line = (points: readonly (readonly [number, number])[], color: string): string =>
  element('path', {
    d: points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join(''),
    fill: 'none',
    stroke: color,
    'stroke-width': 1.5,
  })
const dots = (points: readonly (readonly [number, number])[], color: string): string =>
  points.map(([cx, cy]) => element('circle', { cx, cy, r: 2, fill: color, 'fill-opacity': 0.6 })).join('')

function xAxis(x: Scale, label: string, width: number, height: number): readonly string[] {
  const bottom = height - MARGIN.bottom
  return [
    ...ticks(x, 6).flatMap(([at, written]) => [
      element('line', { x1: at, x2: at, y1: MARGIN.top, y2: bottom, stroke: '#e5e5e5' }),
      text(written, { x: at, y: bottom + 15, 'text-anchor': 'middle', fill: grey }),
    ]),
    text(label, { x: (MARGIN.left + width - MARGIN.right) / 2, y: height - 8, 'text-anchor': 'middle' }),
  ]
}

function yAxis(y: Scale, label: string, width: number, height: number): readonly string[] {
  const middle = (MARGIN.top + height - MARGIN.bottom) / 2
  return [
    ...ticks(y, 5).flatMap(([at, written]) => [
      element('line', { x1: MARGIN.left, x2: width - MARGIN.right, y1: at, y2: at, stroke: '#e5e5e5' }),
      text(written, { x: MARGIN.left - 6, y: at + 4, 'text-anchor': 'end', fill: grey }),
    ]),
    text(label, { x: 14, y: middle, 'text-anchor': 'middle', transform: `rotate(-90 14 ${middle})` }),
  ]
}

const isLog = (scale: Scale): boolean => 'base' in scale

/** Places and texts; a logarithmic scale writes some of its ticks only. */
function ticks(scale: Scale, count: number): readonly (readonly [at: number, written: string])[] {
  const format = isLog(scale) ? scale.tickFormat(count, '~g') : scale.tickFormat(count)
  return scale
    .ticks(count)
    .map(v => [scale(v), format(v)] as const)
    .filter(([, written]) => written !== '')
}

/** So that text can be read over curves. */
const halo = { stroke: 'white', 'stroke-width': 3, 'paint-order': 'stroke' } as const

const legend = (series: readonly Series[], width: number): readonly string[] =>
  series.flatMap(({ name }, i) => [
    element('rect', { x: width - MARGIN.right - 12, y: MARGIN.top + 6 + 16 * i, width: 10, height: 10, fill: colorOf(i) }),
    text(name, { x: width - MARGIN.right - 18, y: MARGIN.top + 15 + 16 * i, 'text-anchor': 'end', ...halo }),
  ])
