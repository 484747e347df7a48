/**
 * The layout of a packed block: coordinates of an operand in an order, row-major; or in PANELS: the elements of one axis cut into pieces of
 * `width` that lie side by side, `[panel][other coordinates][width]`, so that a micro-kernel reads memory in sequence.
 */
import { extentOf, isFootprint, type Operand } from './contraction-operand.ts'
import type { Level, Packing } from './contraction-pack.ts'

export interface Panels {
  /** The coordinate that is cut; it has this axis alone, with coefficient 1. */
  readonly coordinate: number
  readonly axis: number
  readonly width: number
}

export interface Layout {
  readonly operand: Operand
  /** Coordinates outer to inner, without that of the panels. */
  readonly order: readonly number[]
  readonly panels: Panels | undefined
  /** Greatest number of indices of each axis in a block. */
  readonly lengths: readonly number[]
}

/**
 * Outer to inner: axes that are not reduced, reduced ones in the order of the micro-kernel, lanes. A footprint stays as it is in memory,
 * but for the lanes.
 */
export function coordinateOrder(operand: Operand, k: readonly number[], lanes: number | undefined): number[] {
  const { coordinates } = operand
  const order = coordinates.map((_, q) => q)
  const has = (q: number, axis: number | undefined): boolean => axis !== undefined && coordinates[q]?.coefficients[axis] !== 0
  const stride = (q: number): number => Math.abs(coordinates[q]?.stride as number)
  const depth = (q: number): number => (has(q, lanes) ? k.length : k.findIndex((axis) => has(q, axis)))
  const lanesLast = (x: number, y: number): number => Number(has(x, lanes)) - Number(has(y, lanes))
  const byMemory = (x: number, y: number): number => lanesLast(x, y) || stride(y) - stride(x)
  return order.sort(isFootprint(operand) ? byMemory : (x, y) => depth(x) - depth(y) || byMemory(x, y))
}

interface Dimension {
  readonly coordinate: number
  readonly extent: number
  /** In elements of the packed block. */
  readonly stride: number
}

function dimensionsOf(layout: Layout): Dimension[] {
  let stride = layout.panels?.width ?? 1
  return [...layout.order].reverse().map((coordinate) => {
      const extent = extentOf(layout.operand.coordinates[coordinate] as Operand['coordinates'][number], layout.lengths)
      const dimension = { coordinate, extent, stride }
      stride *= extent
      return dimension
    }).reverse()
}

/** Elements of one panel; of the whole block when there are no panels. */
export const panelSize = (layout: Layout): number => dimensionsOf(layout).reduce((n, d) => n * d.extent, layout.panels?.width ?? 1)

export function layoutSize(layout: Layout): number {
  const { panels } = layout
  return panelSize(layout) * (panels === undefined ? 1 : Math.ceil((layout.lengths[panels.axis] as number) / panels.width))
}

/** Elements to move in the packed block for one step of each axis (inside a panel for the axis of the panels). */
export function layoutStrides(layout: Layout): number[] {
  const { operand, panels, lengths } = layout
  const strides = lengths.map(() => 0)
  for (const { coordinate, stride } of dimensionsOf(layout)) {
    operand.coordinates[coordinate]?.coefficients.forEach((w, axis) => {
      strides[axis] = (strides[axis] as number) + w * stride
    })
  }
  if (panels !== undefined) strides[panels.axis] = 1
  return strides
}

/** How to fill a block. `lanes`: elements in each panel (fewer than the width in the last one). */
export interface Filling {
  /** The axis whose number of indices is known at run time only: its coordinate's count (of panels, if cut) is the parameter. */
  readonly dynamicAxis: number | undefined
  readonly lanes: number
}

export function packingOf(layout: Layout, filling: Filling): Packing {
  const { operand, panels } = layout
  const level = (coordinate: number, count: number | undefined, target: number, step = 1): Level => ({
    count,
    target: 4 * target,
    source: 4 * step * (operand.coordinates[coordinate]?.stride as number),
    guards: operand.guards.map((g) => step * (g.strides[coordinate] as number)),
  })
  const has = (coordinate: number, axis: number | undefined): boolean =>
    axis !== undefined && (operand.coordinates[coordinate]?.coefficients[axis] ?? 0) !== 0
  const levels = dimensionsOf(layout)
    .map((d) => level(d.coordinate, has(d.coordinate, filling.dynamicAxis) ? undefined : d.extent, d.stride)).filter((l) => l.count !== 1)
  if (panels !== undefined) {
    const { coordinate, axis, width } = panels
    const count = filling.dynamicAxis === axis ? undefined : Math.ceil((layout.lengths[axis] as number) / width)
    const panel = level(coordinate, count, panelSize(layout), width)
    // Lanes that are neighbours in memory: all panels of one line together, so that each cache line is read once.
    if (operand.coordinates[coordinate]?.stride === 1) levels.push(panel)
    else levels.unshift(panel)
    levels.push(level(coordinate, filling.lanes, 1))
  }
  return { levels, extents: operand.guards.map((g) => g.extent) }
}
