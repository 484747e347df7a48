/** Loops, contractions and scatters one point at a time, by recursion over nodes: slow, and short enough to be believed. */
import { convert, isFloat, type TypedArray } from '../../src/dtype.ts'
import { instructions } from '../../src/lower/instructions.ts'
import type { Affine, Contraction, Guard, Loop, Node, NodeId, Reduction, Scatter, Store } from '../../src/lower/kernel.ts'

type Memory = readonly TypedArray[]
type Index = readonly number[]

function pointsOf(extents: readonly number[]): Index[] {
  return extents.reduce<Index[]>((points, e) => points.flatMap(p => Array.from({ length: e }, (_, i) => [...p, i])), [[]])
}

const element = (memory: Memory, buffer: number, at: number): number => memory[buffer]?.[at] ?? NaN

const affine = (map: Affine, index: Index, memory: Memory): number =>
  map.strides.reduce((sum, s, k) => sum + s * (index[k] as number), map.offset) +
  (map.dynamic ?? []).reduce((sum, d) => sum + d.stride * element(memory, d.buffer, 0), 0)

const holds = (guards: readonly Guard[] | undefined, index: Index, memory: Memory): boolean =>
  (guards ?? []).every(g => affine(g.index, index, memory) >= 0 && affine(g.index, index, memory) < g.extent)

function valueOf(nodes: readonly Node[], id: NodeId, index: Index, memory: Memory, reduced: readonly number[]): number {
  const node = nodes[id] as Node,
    of = (i: NodeId): number => valueOf(nodes, i, index, memory, reduced)
  switch (node.op) {
    case 'load': {
      if (!holds(node.guards, index, memory)) return 0
      return element(
        memory,
        node.buffer,
        affine(node.map, index, memory) + (node.indirect ?? []).reduce((sum, t) => sum + t.stride * of(t.index), 0),
      )
    }
    case 'const':
      return node.value
    case 'iota':
      return convert(affine(node.map, index, memory), node.dtype)
    case 'inside':
      return Number(holds(node.guards, index, memory))
    case 'reduced':
      return reduced[node.index] as number
    default:
      return convert(
        instructions[node.op].evaluate(node.args.map(of), node.dtype, (nodes[node.args[0] as NodeId] as Node).dtype),
        node.dtype,
      )
  }
}

function combine({ op, dtype }: Pick<Reduction, 'op' | 'dtype'>, values: readonly number[], indices: readonly number[]): number {
  const anyNaN = values.findIndex(Number.isNaN),
    best = op.endsWith('max') ? Math.max(...values) : Math.min(...values)
  const extreme = anyNaN >= 0 ? NaN : best
  switch (op) {
    case 'sum':
      return isFloat(dtype)
        ? convert(
            values.reduce((a, b) => a + b, 0),
            dtype,
          )
        : convert(
            Number(
              BigInt.asIntN(
                32,
                values.reduce((a, b) => a + BigInt(b), 0n),
              ),
            ),
            dtype,
          )
    case 'prod':
      return isFloat(dtype)
        ? convert(
            values.reduce((a, b) => a * b, 1),
            dtype,
          )
        : convert(
            Number(
              BigInt.asIntN(
                32,
                values.reduce((a, b) => a * BigInt(b), 1n),
              ),
            ),
            dtype,
          )
    case 'max':
    case 'min':
      return values.length > 0 ? extreme : convert(clampedInfinity(op, dtype), dtype)
    case 'and':
      return values.reduce((a, b) => convert(a & b, dtype), dtype === 'bool' ? 1 : convert(-1, dtype))
    case 'or':
      return values.reduce((a, b) => convert(a | b, dtype), 0)
    case 'xor':
      return values.reduce((a, b) => convert(a ^ b, dtype), 0)
    case 'argmax':
    case 'argmin':
      return indices[anyNaN >= 0 ? anyNaN : values.indexOf(best)] as number
  }
}

/** The least (for max) or greatest (for min) value of a dtype. */
function clampedInfinity(op: 'max' | 'min', dtype: Reduction['dtype']): number {
  const [least, greatest] = {
    float32: [-Infinity, Infinity],
    float64: [-Infinity, Infinity],
    int32: [-2147483648, 2147483647],
    uint32: [0, 4294967295],
    bool: [0, 1],
  }[dtype] as [number, number]
  return op === 'max' ? least : greatest
}

function storeAll(stores: readonly Store[], nodes: readonly Node[], index: Index, memory: Memory, reduced: readonly number[]): void {
  const values = stores.map(s => valueOf(nodes, s.value, index, memory, reduced))
  stores.forEach(({ buffer, map }, k) =>
    (memory[buffer] as TypedArray).fill(values[k] as number, affine(map, index, memory), affine(map, index, memory) + 1),
  )
}

export function runNaively(kernel: Loop | Contraction | Scatter, memory: Memory): void {
  if (kernel.kind === 'scatter') return scatter(kernel, memory)
  const { extents, parallel, epilogue, stores } = kernel
  for (const outer of pointsOf(extents.slice(0, parallel))) {
    const inner = pointsOf(extents.slice(parallel)).map(p => [...outer, ...p])
    const reduced = kernel.kind === 'loop' ? reduceLoop(kernel, inner, memory) : [dot(kernel, inner, memory)]
    storeAll(stores, epilogue, outer, memory, reduced)
  }
}

function reduceLoop({ body, bodyStores, reductions }: Loop, points: readonly Index[], memory: Memory): number[] {
  for (const index of points) storeAll(bodyStores, body, index, memory, [])
  return reductions.map(r => {
    const at = (id: NodeId | undefined): number[] => (id === undefined ? [] : points.map(index => valueOf(body, id, index, memory, [])))
    return combine(r, at(r.value), at(r.index))
  })
}

function dot({ a, b, dtype }: Contraction, points: readonly Index[], memory: Memory): number {
  if (!isFloat(dtype)) {
    const product = (index: Index): number =>
      convert(Math.imul(valueOf([a], 0, index, memory, []), valueOf([b], 0, index, memory, [])), dtype)
    return combine({ op: 'sum', dtype }, points.map(product), [])
  }
  return combine(
    { op: 'sum', dtype },
    points.map(index => valueOf([a], 0, index, memory, []) * valueOf([b], 0, index, memory, [])),
    [],
  )
}

function scatter({ extents, body, buffer, combine: how, map, indirect, value, where }: Scatter, memory: Memory): void {
  const data = memory[buffer] as TypedArray,
    dtype = (body[value] as Node).dtype
  for (const index of pointsOf(extents)) {
    const of = (id: NodeId): number => valueOf(body, id, index, memory, [])
    if (where !== undefined && of(where) === 0) continue
    const at = affine(map, index, memory) + indirect.reduce((sum, t) => sum + t.stride * of(t.index), 0)
    data[at] = how === 'set' ? of(value) : convert(instructions[how].evaluate([data[at] as number, of(value)], dtype, dtype), dtype)
  }
}
