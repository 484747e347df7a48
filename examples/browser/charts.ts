/** Curves over epochs, drawn by uPlot. */
import uPlot from 'uplot'
import { cssColor, onThemeChange } from './dom.ts'
import type { Point } from './protocol.ts'

export interface ChartOptions {
  /** What the curve is, for those who cannot see it. */
  readonly name: string
  /** A custom property of the style sheet. */
  readonly color: string
  /** A value as text. */
  readonly format: (value: number) => string
  /** The values that the axis shows for curves between these. */
  readonly range: (min: number, max: number) => readonly [number, number]
}

const HEIGHT = 180
const font = '12px system-ui, sans-serif'

export class Chart {
  private readonly plot: uPlot
  private readonly options: ChartOptions
  private readonly element: HTMLElement
  private epochs = 1
  private xs: number[] = []
  private ys: number[] = []

  constructor(element: HTMLElement, options: ChartOptions) {
    this.element = element
    this.options = options
    element.role = 'img'
    this.plot = new uPlot(this.plotOptions(), [[], []], element)
    new ResizeObserver(() => this.plot.setSize({ width: element.clientWidth, height: HEIGHT })).observe(element)
    onThemeChange(() => this.plot.redraw())
    this.clear(1)
  }

  /** An empty chart for so many epochs. */
  clear(epochs: number): void {
    this.epochs = epochs
    this.xs = []
    this.ys = []
    this.draw()
  }

  add(points: readonly Point[]): void {
    if (points.length === 0) return
    for (const { epoch, value } of points) {
      this.xs.push(epoch)
      this.ys.push(value)
    }
    this.draw()
  }

  private draw(): void {
    const { name, format } = this.options,
      last = this.ys.at(-1)
    this.plot.setData([this.xs, this.ys])
    this.element.ariaLabel = last === undefined ? `${name}: no values yet` : `${name} over the epochs, now ${format(last)}`
  }

  private plotOptions(): uPlot.Options {
    const { color, format, range } = this.options
    const axis = { stroke: () => cssColor('--muted'), font, ticks: { show: false } }
    const grid = { stroke: () => cssColor('--rule'), width: 1 }
    return {
      width: this.element.clientWidth,
      height: HEIGHT,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: () => [0, this.epochs] }, y: { range: (_, min, max) => [...range(min, max)] } },
      axes: [
        { ...axis, grid: { show: false }, size: 28, incrs: [1, 2, 5, 10] },
        { ...axis, grid, size: 48, space: 36, values: (_, values) => values.map(format) },
      ],
      series: [{}, { stroke: () => cssColor(color), width: 2, points: { show: false } }],
    }
  }
}
