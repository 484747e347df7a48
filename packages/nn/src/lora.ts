/**
 * Low-rank adapters: a large kernel stays as it is, and the product of two small ones is trained and added. Hu et al. 2021,
 * https://arxiv.org/abs/2106.09685. They are a tree beside the parameters, so every model has them without a change.
 */
import { type Key, type Tensor, isTensor, random, tree, zeros } from '@cotangent/core'
import { fail, showShape } from '@cotangent/core/extend'
import { lecunNormal } from './init.ts'

export interface LowRank {
  /** `[in, rank]`, random at first. */
  readonly down: Tensor
  /** `[rank, out]`, zeros at first: the model begins as it was. */
  readonly up: Tensor
}
/** A tree like the parameters: a `LowRank` for each chosen kernel, `null` for the other tensors. */
export type Adapters<P> = P extends Tensor ? LowRank | null : P extends object ? { readonly [K in keyof P]: Adapters<P[K]> } : P

export interface LoraOptions {
  /** Which tensors get an adapter; they must be matrices. Default: matrices whose path ends in `kernel`. */
  readonly select?: (path: string, tensor: Tensor) => boolean
}
const isKernel = (path: string, t: Tensor): boolean => /(^|\.)kernel$/.test(path) && t.ndim === 2

/**
 * Fresh adapters of `rank` for the kernels of `params`.
 * @example
 * const adapters = loraInit(random.key(1), params, 4)
 * const loss = (a: typeof adapters) => softmaxCrossEntropy(model.apply(loraMerge(params, a), x), labels)
 * const grads = grad(loss)(adapters)
 */
export function loraInit<P>(key: Key, params: P, rank: number, { select = isKernel }: LoraOptions = {}): Adapters<P> {
  const { leaves, structure } = tree.flatten(params)
  const paths = tree.paths(params)
  const adapters = leaves.map((t, i) => {
    const path = paths[i] as string
    if (!select(path, t)) return null
    const [from, to] = t.shape
    if (t.ndim !== 2 || from === undefined || to === undefined || !(rank >= 1 && rank <= Math.min(from, to)))
      fail('ShapeError', `loraInit: rank ${rank} needs a matrix at least as large, but ${path} is ${showShape(t.shape)}.`)
    return { down: lecunNormal()(random.foldIn(key, i), [from, rank]), up: zeros([rank, to]) }
  })
  if (adapters.every(a => a === null)) fail('ValueError', `loraInit: none of ${paths.join(', ')} gets an adapter. Give { select }.`)
  return tree.unflatten(structure, adapters) as Adapters<P>
}

export interface LoraMergeOptions {
  /** The product is scaled by `alpha / rank`. Default: the rank, that is by 1. */
  readonly alpha?: number
}
/** Parameters with the adapters' products added: `kernel + down up alpha / rank`. For training, and once after it. */
export function loraMerge<P>(params: P, adapters: Adapters<P>, options: LoraMergeOptions = {}): P {
  return mergeAt(params, adapters, options.alpha, 'params') as P
}
function mergeAt(p: unknown, a: unknown, alpha: number | undefined, path: string): unknown {
  if (a === null || a === undefined) return p
  if (isTensor(p)) {
    const { down, up } = a as LowRank,
      rank = down.shape[1] as number
    return p.add(down.matmul(up).mul((alpha ?? rank) / rank))
  }
  if (typeof p !== 'object' || p === null) fail('TreeError', `loraMerge: there are no parameters at ${path}.`)
  const inside = a as Readonly<Record<string, unknown>>
  if (Array.isArray(p)) return p.map((v, i) => mergeAt(v, inside[i], alpha, `${path}[${i}]`))
  return Object.fromEntries(Object.entries(p).map(([k, v]) => [k, mergeAt(v, inside[k], alpha, `${path}.${k}`)]))
}
