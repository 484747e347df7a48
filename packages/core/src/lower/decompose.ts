/** What a backend does not offer itself, in terms of what every backend has: a Contraction as a Loop with a sum. */
import type { Backend } from '../backend/backend.ts'
import { fail } from '../errors.ts'
import type { Contraction, Kernel, Loop } from './kernel.ts'
import type { Lowered } from './lower.ts'
import { mapNested } from './rewrite.ts'

export function decompose(lowered: Lowered, { name, capabilities }: Pick<Backend, 'name' | 'capabilities'>): Lowered {
  const one = (k: Kernel): Kernel => {
    switch (k.kind) {
      case 'contraction':
        return capabilities.kernels.includes('contraction') && capabilities.contractions.includes(k.dtype) ? k : asLoop(k)
      case 'while':
      case 'scan':
      case 'branch':
        return mapNested(supported(k), list => list.map(one))
      default:
        return supported(k)
    }
  }
  const supported = (k: Kernel): Kernel =>
    capabilities.kernels.includes(k.kind)
      ? k
      : fail(
          'BackendError',
          `The ${name} backend has no ${k.kind} kernels; it has ${capabilities.kernels.join(', ')}. Choose another backend in init().`,
        )
  return { ...lowered, kernels: lowered.kernels.map(one) }
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
