/** What a contraction should give: the specification in float64. */
import { instructions } from '../../src/lower/instructions.ts'
import type { Affine, Guard, Load, Node } from '../../src/lower/kernel.ts'
import type { Case } from './contractions.ts'

export type Data = readonly (Float32Array | Int32Array)[]
const at = (list: readonly number[], i: number): number => list[i] as number

function offsetOf(map: Affine, index: readonly number[], data: Data): number {
  let offset = map.offset
  map.strides.forEach((s, i) => {
    offset += s * at(index, i)
  })
  for (const d of map.dynamic ?? []) offset += d.stride * (data[d.buffer]?.[0] as number)
  return offset
}

const inside = (guards: readonly Guard[] | undefined, index: readonly number[], data: Data): boolean =>
  (guards ?? []).every(g => {
    const x = offsetOf(g.index, index, data)
    return x >= 0 && x < g.extent
  })

const load = (l: Load, index: readonly number[], data: Data): number =>
  inside(l.guards, index, data) ? (data[l.buffer]?.[offsetOf(l.map, index, data)] as number) : 0

function evaluate(nodes: readonly Node[], index: readonly number[], data: Data, sum: number): number[] {
  const values: number[] = []
  for (const node of nodes) values.push(evaluateNode(node, nodes, values, index, data, sum))
  return values
}

function evaluateNode(
  node: Node,
  nodes: readonly Node[],
  values: readonly number[],
  index: readonly number[],
  data: Data,
  sum: number,
): number {
  switch (node.op) {
    case 'load':
      return load(node, index, data)
    case 'const':
      return node.value
    case 'iota':
      return offsetOf(node.map, index, data)
    case 'inside':
      return inside(node.guards, index, data) ? 1 : 0
    case 'reduced':
      return sum
    default: {
      const from = (nodes[at(node.args, 0)] as Node).dtype
      return instructions[node.op].evaluate(
        node.args.map(a => at(values, a)),
        node.dtype,
        from,
      )
    }
  }
}

/** Calls `visit` with each index tuple. The tuple is reused. */
function forEachIndex(extents: readonly number[], visit: (index: readonly number[]) => void): void {
  const index = extents.map(() => 0)
  if (extents.includes(0)) return
  for (;;) {
    visit(index)
    let d = extents.length - 1
    for (; d >= 0; d--) {
      index[d] = at(index, d) + 1
      if (at(index, d) < at(extents, d)) break
      index[d] = 0
    }
    if (d < 0) return
  }
}

export interface Expected {
  /** For each store: element -> value, and the size of the terms it comes from. */
  readonly elements: readonly ReadonlyMap<number, { readonly value: number; readonly scale: number }>[]
}

/** The part of an affine index that comes from the axes from `first` on, at each point of them. */
function reducedOffsets(map: Affine, first: number, extents: readonly number[]): Int32Array {
  const out: number[] = []
  forEachIndex(extents, index => out.push(index.reduce((n, x, i) => n + x * at(map.strides, first + i), 0)))
  return Int32Array.from(out)
}

/** An operand at each point: its offset is a sum of one part from the parallel and one from the reduced axes, and so are its guards. */
function reader(l: Load, parallel: number, reduced: readonly number[], data: Data): (point: readonly number[]) => (r: number) => number {
  const inner = reducedOffsets(l.map, parallel, reduced)
  const guards = (l.guards ?? []).map(g => ({ ...g, inner: reducedOffsets(g.index, parallel, reduced) }))
  const buffer = data[l.buffer] as Float32Array
  return point => {
    const zero = [...point, ...reduced.map(() => 0)]
    const start = offsetOf(l.map, zero, data)
    const starts = guards.map(g => offsetOf(g.index, zero, data))
    return r => {
      for (let g = 0; g < guards.length; g++) {
        const x = at(starts, g) + ((guards[g] as { inner: Int32Array }).inner[r] as number)
        if (x < 0 || x >= (guards[g] as Guard).extent) return 0
      }
      return buffer[start + (inner[r] as number)] as number
    }
  }
}

/** What the contraction should write. */
export function expected({ contraction: c }: Case, data: Data): Expected {
  const elements = c.stores.map(() => new Map<number, { value: number; scale: number }>())
  const reduced = c.extents.slice(c.parallel)
  const terms = reduced.reduce((n, e) => n * e, 1)
  const [readA, readB] = [reader(c.a, c.parallel, reduced, data), reader(c.b, c.parallel, reduced, data)]
  forEachIndex(c.extents.slice(0, c.parallel), point => {
    const [a, b] = [readA(point), readB(point)]
    let sum = 0
    let scale = 0
    for (let r = 0; r < terms; r++) {
      const term = a(r) * b(r)
      sum += term
      scale += Math.abs(term)
    }
    const values = evaluate(c.epilogue, point, data, sum)
    const epilogue = values.reduce((n, x) => n + Math.abs(x), 0)
    c.stores.forEach((s, k) => {
      const value = at(values, s.value)
      elements[k]?.set(offsetOf(s.map, point, data), { value, scale: scale + epilogue })
    })
  })
  return { elements }
}

/** How far float32 sums of the case may be from `value`. */
export const toleranceOf = ({ contraction: c }: Case, scale: number): number =>
  (c.extents.slice(c.parallel).reduce((n, e) => n * e, 1) + 8) * 1.2e-7 * scale + 1e-30
