/** Curves in the terminal. */
import { scaleLinear } from 'd3-scale'
import { plot } from 'simple-ascii-chart'
import { type Series, smoothed } from './series.ts'

export interface TerminalOptions {
  readonly title: string
  /** Colours tell several series apart; without them each has a chart of its own. */
  readonly color: boolean
  /** In characters. */
  readonly width?: number
  readonly height?: number
}

const colors = ['ansiBlue', 'ansiRed', 'ansiGreen', 'ansiMagenta', 'ansiYellow', 'ansiCyan'] as const

/** Several lines of text, without spaces at their ends. Long series are smoothed to the width. */
export function terminalChart(series: readonly Series[], { title, color, width = 60, height = 10 }: TerminalOptions): string {
  if (!color && series.length > 1)
    return series.map(s => terminalChart([s], { title: `${title}: ${s.name}`, color, width, height })).join('\n')
  if (series.every(({ points }) => points.length < 2)) return withoutCurve(series, title)
  const drawn = series.map(({ points }) => thinned(points, width))
  const text = plot(
    drawn.map(points => points.map(p => [...p] as [number, number])),
    {
      title,
      width,
      height,
      customXAxisTicks: ticks(drawn, 0, 6),
      customYAxisTicks: ticks(drawn, 1, height / 2),
      formatter: rounded,
      ...(color && { color: drawn.map((_, i) => colors[i % colors.length] as (typeof colors)[number]) }),
      ...(color && series.length > 1 && { legend: { position: 'bottom' as const, series: series.map(s => s.name) } }),
    },
  )
  const lines = text.split('\n').map(line => line.trimEnd())
  return lines.filter(line => line !== '').join('\n')
}

/** One line instead of empty axes. */
function withoutCurve(series: readonly Series[], title: string): string {
  const values = series.map(({ name, points: [first] }) => {
    const value = first === undefined ? 'no values' : `${rounded(first[1])} at ${rounded(first[0])}`
    return series.length > 1 ? `${name} ${value}` : value
  })
  return `${title}: ${values.join(', ')}`
}

const rounded = (n: number): number => Number(n.toPrecision(4))

/** A few round numbers between the ends of an axis, or the one value that there is. */
function ticks(drawn: readonly Series['points'][], axis: 0 | 1, count: number): number[] {
  const values = drawn.flatMap(points => points.map(p => p[axis]))
  const ends = [Math.min(...values), Math.max(...values)] as const
  return ends[0] === ends[1] ? [ends[0]] : scaleLinear(ends, [0, 1]).ticks(count)
}

function thinned(points: Series['points'], width: number): Series['points'] {
  const run = Math.ceil(points.length / width)
  if (run === 1) return points
  const xs = smoothed(
      points.map(p => p[0]),
      run,
    ),
    ys = smoothed(
      points.map(p => p[1]),
      run,
    )
  return xs.map((x, i) => [x, ys[i] as number] as const)
}
