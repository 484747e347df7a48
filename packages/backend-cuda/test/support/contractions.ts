/** Contractions on the device against their definition in float64. */
import { type KernelGraph, type Load, type Node, type TypedArray, writesOf } from '@cotangent/core/kernel'
import { type Case, float32, randomData, withEpilogue } from '../../../core/test/support/contractions.ts'
import { type Data, expected, toleranceOf } from '../../../core/test/support/expectedSums.ts'
import { runGraph } from '../../../core/test/support/runKernels.ts'
import type { CudaBackend } from '../../src/backend.ts'

export interface Problem {
  /** Element 0 of int32 buffers. */
  readonly counter?: number
  /** The unit roundoff of operands, where they are rounded first. */
  readonly rounding?: number
}

export const op = (name: 'add' | 'max' | 'mul' | 'tanh', ...args: readonly number[]): Node => ({ op: name, dtype: 'float32', args })
export const load = (buffer: number, strides: readonly number[]): Load => ({
  op: 'load',
  buffer,
  dtype: 'float32',
  map: { offset: 0, strides },
})
export const zero: Node = { op: 'const', dtype: 'float32', value: 0 }

/** A bias, and a relu. */
export const withBias = (base: Case, n: number, relu: boolean): Case =>
  withEpilogue(base, [float32(n)], first => [load(first, [0, 0, 1]), op('add', 0, 1), ...(relu ? [zero, op('max', 2, 3)] : [])], [
    relu ? 4 : 2,
  ])

export function graphOf({ buffers, contraction }: Case): KernelGraph {
  const outputs = [...new Set(writesOf(contraction))],
    inputs = buffers.flatMap((_, i) => (outputs.includes(i) ? [] : [i]))
  const placed = buffers.map((b, i) => {
    const index = outputs.indexOf(i)
    return { ...b, place: index < 0 ? ({ kind: 'input', index: inputs.indexOf(i) } as const) : ({ kind: 'output', index } as const) }
  })
  return { buffers: placed, inputs, outputs, kernels: [contraction], arena: 0, donations: inputs.map(() => -1) }
}

const dataOf = ({ buffers }: Case, counter: number): readonly TypedArray[] =>
  randomData(buffers).map((data, i) => {
    const { dtype } = buffers[i] as Case['buffers'][number]
    return dtype === 'int32' ? Int32Array.of(counter) : dtype === 'float64' ? Float64Array.from(data) : data
  })

/** The results, in the order of the stores' buffers. */
export function runCase(backend: CudaBackend, c: Case, data: readonly TypedArray[] = dataOf(c, 0)): TypedArray[] {
  const graph = graphOf(c)
  return runGraph(
    backend,
    graph,
    graph.inputs.map(i => data[i] as TypedArray),
  )
}

/** The first element that is wrong, or ''. */
export function problemOf(backend: CudaBackend, c: Case, { counter = 0, rounding = 0 }: Problem = {}): string {
  const data = dataOf(c, counter),
    results = runCase(backend, c, data),
    outputs = [...new Set(writesOf(c.contraction))]
  for (const [s, elements] of expected(c, data as Data).elements.entries()) {
    const result = results[outputs.indexOf(c.contraction.stores[s]?.buffer ?? -1)] as TypedArray
    for (const [e, { value, scale }] of elements)
      if (!(Math.abs((result[e] as number) - value) <= toleranceOf(c, scale) + 2 * rounding * scale))
        return `store ${s} element ${e}: ${result[e]} instead of ${value}`
  }
  return ''
}
