/** Graphs written by hand. */
import { createReference } from '../../src/backend/reference.ts'
import type { DType, TypedArray } from '../../src/dtype.ts'
import type { Affine, Guard, Kernel, KernelGraph, Load, Loop, Node, Placement, Store } from '../../src/lower/kernel.ts'
import { runGraph } from './runKernels.ts'

export type Spec = readonly [DType, number]

/** Inputs are buffers 0, 1, ...; results follow; then temporaries. */
export function graphOf(
  kernels: readonly Kernel[],
  inputs: readonly Spec[],
  outputs: readonly Spec[],
  temporaries: readonly Spec[] = [],
): KernelGraph {
  const places = (kind: 'input' | 'output', specs: readonly Spec[]) =>
    specs.map(([dtype, size], index) => ({ dtype, size, place: { kind, index } as Placement }))
  const own = temporaries.map(([dtype, size], i) => ({
    dtype,
    size,
    place: { kind: 'temporary', offset: i * 1024 } as Placement,
  }))
  return {
    buffers: [...places('input', inputs), ...places('output', outputs), ...own],
    inputs: inputs.map((_, i) => i),
    outputs: outputs.map((_, i) => inputs.length + i),
    kernels,
    arena: temporaries.length * 1024,
    donations: inputs.map(() => -1),
  }
}

export const run = (graph: KernelGraph, ...inputs: readonly TypedArray[]): TypedArray[] => runGraph(createReference(), graph, inputs)

export const identity: Affine = { offset: 0, strides: [1] }
export const elementwise = (size: number, load: Partial<Load> = {}, target = 1): Loop => ({
  kind: 'loop',
  extents: [size],
  parallel: 1,
  body: [],
  bodyStores: [],
  reductions: [],
  epilogue: [{ op: 'load', dtype: 'float32', buffer: 0, map: identity, ...load }],
  stores: [{ buffer: target, map: identity, value: 0 }],
})

/**
 * A Scan of three rounds, each of which writes row number counter of two results: the counter where a guard lets it through, which depends
 * on the column in the first and on the counter in the second.
 */
export function guardedCounters(): KernelGraph {
  const counter = 2
  const load = (index: Affine, extent: number): Node => {
    const guards: readonly Guard[] = [{ index, extent }]
    return { op: 'load', dtype: 'int32', buffer: counter, map: { offset: 0, strides: [0] }, guards }
  }
  const row = (buffer: number): Store => ({
    buffer,
    map: { offset: 0, strides: [1], dynamic: [{ buffer: counter, stride: 4 }] },
    value: buffer,
  })
  const epilogue = [load(identity, 2), load({ offset: 0, strides: [0], dynamic: [{ buffer: counter, stride: 1 }] }, 2)]
  const fill: Loop = {
    kind: 'loop',
    extents: [4],
    parallel: 1,
    body: [],
    bodyStores: [],
    reductions: [],
    epilogue,
    stores: [row(0), row(1)],
  }
  const results: readonly Spec[] = [
    ['int32', 12],
    ['int32', 12],
  ]
  return graphOf([{ kind: 'scan', length: 3, reverse: false, counter, body: [fill] }], [], results, [['int32', 1]])
}
