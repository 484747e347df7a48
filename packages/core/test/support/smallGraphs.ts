/** Graphs written by hand. */
import { createReference } from '../../src/backend/reference.ts'
import type { DType, TypedArray } from '../../src/dtype.ts'
import type { Affine, Kernel, KernelGraph, Load, Loop, Placement } from '../../src/lower/kernel.ts'
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
