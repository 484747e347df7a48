/** A model as a table: its layers, the shapes of their results, parameters, operations. */
import { type DType, type Shape, type Tensor, evalShape, makeProgram, random, scalar, tree, zeros } from '@cotangent/core'
import { showShape } from '@cotangent/core/extend'
import { type Loose, toLayer } from './compose.ts'
import { flopsOf } from './flops.ts'
import type { Layer } from './layer.ts'

export interface SummaryRow {
  /** Where the layer's parameters are: `[2].stem`. */
  readonly path: string
  readonly layer: string
  /** Shape of one example. */
  readonly output: Shape
  /** Numbers that are trained. */
  readonly parameters: number
  /** Numbers of state. */
  readonly state: number
  /** Of one example, forwards: two for a multiplication and an addition. */
  readonly flops: number
}
export interface Summary {
  readonly rows: readonly SummaryRow[]
  readonly parameters: number
  readonly state: number
  readonly flops: number
  /** The table. */
  toString(): string
}
export interface SummaryOptions {
  /** Of the input. Default float32. */
  readonly dtype?: DType
}

/**
 * What a model for inputs of this shape (one example) consists of; nothing is computed. Layers within `serial` and `named` have a row each. JAX: Flax's
 * `tabulate`; Keras: `model.summary()`.
 * @example
 * console.log(String(summary(serial(flatten, dense(64), relu, dense(10)), [28, 28, 1])))
 */
export function summary<P, S>(model: Layer<P, S>, shape: Shape, { dtype = 'float32' }: SummaryOptions = {}): Summary {
  const rows = rowsOf(toLayer(model), '', shape, dtype)
  const total = (of: 'parameters' | 'state' | 'flops'): number => rows.reduce((sum, r) => sum + r[of], 0)
  const totals = { parameters: total('parameters'), state: total('state'), flops: total('flops') }
  return Object.defineProperty({ rows, ...totals }, 'toString', { value: () => table(rows, totals), enumerable: false })
}

function rowsOf(layer: Loose, path: string, shape: Shape, dtype: DType): readonly SummaryRow[] {
  const parts = layer.about?.chain
  if (parts === undefined) return [rowOf(layer, path, shape, dtype)]
  let input = shape,
    type = dtype
  return parts.flatMap(([key, part]) => {
    const at = /^\d+$/.test(key) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
    const rows = rowsOf(part as Loose, at, input, type)
    input = rows[rows.length - 1]?.output ?? input
    type = 'float32'
    return rows
  })
}

function rowOf(layer: Loose, path: string, shape: Shape, dtype: DType): SummaryRow {
  const found = { output: shape, parameters: 0, state: 0, flops: 0 }
  // Traced, so that no parameter is drawn.
  evalShape(() => {
    const { params, state, output } = layer.init(random.key(0), shape)
    const run = (p: unknown, s: unknown, x: Tensor): unknown => layer.step(p, s, x, {})
    Object.assign(found, {
      output,
      parameters: countNumbers(params),
      state: countNumbers(state),
      flops: flopsOf(makeProgram(run)(params, state, zeros([1, ...shape], { dtype }))),
    })
    return scalar(0)
  })
  return { path, layer: layer.about?.name ?? 'layer', ...found }
}
const countNumbers = (t: unknown): number => tree.leaves(t).reduce((n, leaf) => n + leaf.size, 0)

const thousands = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',')

function table(
  rows: readonly SummaryRow[],
  totals: { readonly parameters: number; readonly state: number; readonly flops: number },
): string {
  const lines = [
    ['', 'layer', 'output', 'parameters', 'flops'],
    ...rows.map(r => [r.path, r.layer, `${showShape(r.output)}`, thousands(r.parameters), thousands(r.flops)]),
    ['', 'total', '', thousands(totals.parameters), thousands(totals.flops)],
  ]
  const widths = [0, 1, 2, 3, 4].map(k => Math.max(...lines.map(l => (l[k] as string).length)))
  const line = (cells: readonly string[]): string =>
    cells.map((c, k) => (k < 3 ? c.padEnd(widths[k] as number) : c.padStart(widths[k] as number))).join('  ')
  const stateLine = totals.state === 0 ? [] : [`and ${thousands(totals.state)} numbers of state`]
  return [...lines.map(line), ...stateLine].join('\n')
}
