/** A matrix as coloured cells with their values, such as a confusion matrix, as SVG. */
import { scaleLinear } from 'd3-scale'
import { type Drawing, element, text } from './svg.ts'

export interface HeatmapOptions {
  readonly title: string
  /** What rows and columns are, and their labels. */
  readonly row: string
  readonly column: string
  readonly rows: readonly string[]
  readonly columns: readonly string[]
  /** A value as text; default: three digits. */
  readonly format?: (value: number) => string
  /** The value that is darkest; default: the largest. */
  readonly darkest?: number
}

const CELL = { width: 46, height: 26 } as const

export function heatmap(values: readonly (readonly number[])[], options: HeatmapOptions): Drawing {
  const { title, row, column, rows, columns, format = v => String(Number(v.toPrecision(3))) } = options
  const darkest = options.darkest ?? Math.max(...values.flat(), 0)
  const shade = scaleLinear([0, darkest === 0 ? 1 : darkest], ['#ffffff', '#08519c']).clamp(true)
  const left = 34 + 8 * Math.max(...rows.map(label => label.length)),
    top = 56
  const cells = values.flatMap((line, i) =>
    line.map((value, j) => {
      const x = left + j * CELL.width,
        y = top + i * CELL.height
      return [
        element('rect', { x, y, width: CELL.width, height: CELL.height, fill: shade(value), stroke: '#e5e5e5' }),
        text(format(value), { x: x + CELL.width / 2, y: y + 17, 'text-anchor': 'middle', fill: value > darkest / 2 ? 'white' : 'black' }),
      ].join('')
    }),
  )
  const middle = top + (rows.length * CELL.height) / 2
  const body = [
    text(title, { x: left, y: 16, 'font-weight': 'bold' }),
    text(column, { x: left, y: 34 }),
    text(row, { x: 14, y: middle, 'text-anchor': 'middle', transform: `rotate(-90 14 ${middle})` }),
    ...columns.map((label, j) => text(label, { x: left + (j + 0.5) * CELL.width, y: top - 6, 'text-anchor': 'middle' })),
    ...rows.map((label, i) => text(label, { x: left - 6, y: top + i * CELL.height + 17, 'text-anchor': 'end' })),
    ...cells,
  ]
  return {
    width: Math.max(left + columns.length * CELL.width + 12, 30 + left + 7 * title.length),
    height: top + rows.length * CELL.height + 12,
    body: body.join(''),
  }
}

/** Counts by true class (rows) and predicted class (columns). */
export function confusionMatrix(truth: ArrayLike<number>, predicted: ArrayLike<number>, classes: number): readonly (readonly number[])[] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (let i = 0; i < truth.length; i++) {
    const row = counts[truth[i] as number] as number[],
      column = predicted[i] as number
    row[column] = (row[column] as number) + 1
  }
  return counts
}
