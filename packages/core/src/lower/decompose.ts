/**
 * What a backend does not offer itself, in terms of what every backend has: a Contraction as a Loop with a sum; operands that its Contractions cannot read
 * are converted first.
 */
import type { Backend } from '../backend/backend.ts'
import type { ComputeDType, DType } from '../dtype.ts'
import { fail } from '../errors.ts'
import { elementwise } from './body.ts'
import type { Affine, BufferId, BufferSpec, Contraction, Kernel, Load, Loop } from './kernel.ts'
import type { Lowered } from './lower.ts'
import { sizeOf } from '../shape.ts'
import { mapNested } from './rewrite.ts'

export function decompose(lowered: Lowered, { name, capabilities }: Pick<Backend, 'name' | 'capabilities'>): Lowered {
  const buffers: BufferSpec[] = [...lowered.buffers]
  const has = (dtype: DType): boolean => capabilities.kernels.includes('contraction') && capabilities.contractions.includes(dtype)
  const one = (k: Kernel): readonly Kernel[] => {
    switch (k.kind) {
      case 'contraction':
        return has(k.dtype) && !isThin(k, buffers, has) ? convertOperands(k, buffers, has) : [asLoop(k)]
      case 'while':
      case 'scan':
      case 'branch':
        return [mapNested(supported(k), list => list.flatMap(one))]
      default:
        return [supported(k)]
    }
  }
  const supported = (k: Kernel): Kernel =>
    capabilities.kernels.includes(k.kind)
      ? k
      : fail(
          'BackendError',
          `The ${name} backend has no ${k.kind} kernels; it has ${capabilities.kernels.join(', ')}. Choose another backend in init().`,
        )
  const kernels = lowered.kernels.flatMap(one)
  return { ...lowered, buffers, kernels }
}

/** Would the conversion of operands be a large part of the work? Measured on cpu: a matrix of bfloat16 times a vector. */
function isThin({ extents, a, b }: Contraction, buffers: readonly BufferSpec[], has: (dtype: DType) => boolean): boolean {
  const converted = [a, b].map(load => buffers[load.buffer] as BufferSpec).filter(spec => !has(spec.dtype))
  return sizeOf(extents) < THIN * converted.reduce((n, spec) => n + spec.size, 0)
}
const THIN = 3

/** Operands in buffers of a dtype that the backend's contractions cannot read are copied to one of the contraction's. */
function convertOperands(k: Contraction, buffers: BufferSpec[], has: (dtype: DType) => boolean): readonly Kernel[] {
  const copies = new Map<BufferId, BufferId>()
  const converted = (load: Load): Load => {
    const { dtype, size } = buffers[load.buffer] as BufferSpec
    if (has(dtype)) return load
    const copy = copies.get(load.buffer) ?? buffers.push({ dtype: k.dtype, size }) - 1
    copies.set(load.buffer, copy)
    return { ...load, buffer: copy }
  }
  const a = converted(k.a),
    b = converted(k.b)
  return [...[...copies].map(([from, to]) => copyOf(from, to, k.dtype, (buffers[to] as BufferSpec).size)), { ...k, a, b }]
}

function copyOf(from: BufferId, to: BufferId, dtype: ComputeDType, size: number): Loop {
  const map: Affine = { offset: 0, strides: [1] }
  return elementwise([size], [{ op: 'load', buffer: from, dtype, map }], [{ buffer: to, map, value: 0 }])
}

/** The same by a Loop with a sum. */
export function asLoop(k: Contraction): Loop {
  const product = { op: 'mul', dtype: k.dtype, args: [0, 1] } as const
  return {
    kind: 'loop',
    extents: k.extents,
    parallel: k.parallel,
    body: [k.a, k.b, product],
    bodyStores: [],
    reductions: [{ op: 'sum', dtype: k.dtype, value: 2 }],
    epilogue: k.epilogue,
    stores: k.stores,
  }
}
