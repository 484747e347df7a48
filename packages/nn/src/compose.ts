/** Layers out of layers: `serial` chains them, `named` does so with a name for each, which checkpoints and printouts use. */
import type { Monoid } from 'fp-ts/lib/Monoid.js'
import { type Key, type Shape, type Tensor, evalShape, random, zeros } from '@cotangent/core'
import { described, fail } from '@cotangent/core/extend'
import { type Layer, type Mode, checkInput, partMode } from './layer.ts'

/** A plain function is a layer without parameters. */
export type LayerLike<P, S, I, O> = Layer<P, S, I, O> | ((x: I) => O)
// The bound of inference: any layer fits, and the mapped types below recover what it is.
// oxlint-disable-next-line no-explicit-any
export type AnyLayer = Layer<any, any, any, any> | ((x: any) => any)
// oxlint-disable-next-line no-explicit-any
export type ParamsOf<L> = L extends Layer<infer P, any, any, any> ? P : null
// oxlint-disable-next-line no-explicit-any
export type StateOf<L> = L extends Layer<any, infer S, any, any> ? S : null
// oxlint-disable-next-line no-explicit-any
type InputOf<L> = L extends Layer<any, any, infer I, any> ? I : L extends (x: infer I) => unknown ? I : never
// oxlint-disable-next-line no-explicit-any
type OutputOf<L> = L extends Layer<any, any, any, infer O> ? O : L extends (x: never) => infer O ? O : never
type Last<L extends readonly unknown[]> = L extends readonly [...unknown[], infer T] ? T : never
export type Params<L extends readonly unknown[]> = { readonly [K in keyof L]: ParamsOf<L[K]> }
export type State<L extends readonly unknown[]> = StateOf<L[number]> extends null ? null : { readonly [K in keyof L]: StateOf<L[K]> }
/** Each layer must take what the one before gives. Not recursive, so a hundred layers are as cheap as ten. */
type Chained<L extends readonly unknown[]> = { readonly [K in keyof L]: K extends keyof Before<L> ? Link<Before<L>[K], L[K]> : L[K] }
type Before<L extends readonly unknown[]> = readonly [null, ...L]
type Link<A, B> = A extends null ? B : OutputOf<A> extends InputOf<B> ? B : LayerFrom<OutputOf<A>>
/** What an error shows in the place of a layer that does not take what the one before gives. */
export interface LayerFrom<I> {
  readonly input: I
}

/**
 * The layers one after another. Parameters are a tuple, one entry a layer (`null` for plain functions).
 * @example
 * const model = serial(dense(64), relu, dense(10))
 * const { params } = model.init(random.key(0), [784])
 * model.apply(params, x) // x: [n, 784] -> [n, 10]
 */
export function serial<const L extends readonly AnyLayer[]>(
  ...layers: L & Chained<L>
): Layer<Params<L>, State<L>, InputOf<L[0]>, OutputOf<Last<L>>> {
  const keys = layers.map((_, i) => String(i))
  return chain('serial', keys, layers, list => list) as Layer<Params<L>, State<L>, InputOf<L[0]>, OutputOf<Last<L>>>
}

/** The same with a name for each layer: parameters are `{ stem: Conv, head: Dense }`. Layers run in the order in which they are written. */
export function named<const L extends Readonly<Record<string, AnyLayer>>>(
  layers: L,
): Layer<
  { readonly [K in keyof L]: ParamsOf<L[K]> },
  StateOf<L[keyof L]> extends null ? null : { readonly [K in keyof L]: StateOf<L[K]> }
> {
  const keys = Object.keys(layers)
  // JavaScript moves such keys to the front: the layers would run in another order than written.
  const numeric = keys.find(k => /^\d+$/.test(k))
  if (numeric !== undefined)
    fail('ValueError', `named: a layer cannot be called "${numeric}". Give it a name that is no number, or use serial.`)
  const pack = (list: readonly unknown[]): unknown => Object.fromEntries(keys.map((k, i) => [k, list[i]]))
  return chain('named', keys, Object.values(layers), pack) as ReturnType<typeof named<L>>
}

declare const opaqueBrand: unique symbol
interface OpaqueTree {
  readonly [opaqueBrand]: true
}
export type OpaqueLayer = Layer<OpaqueTree, OpaqueTree>
/** Forgets the types of parameters and state, so that layers can be folded. */
export const opaqueLayer = (l: AnyLayer): OpaqueLayer => toLayer(l) as unknown as OpaqueLayer

/**
 * Layers from tensors to tensors under `serial`; the unit is the identity. The laws hold for outputs; the nesting of the parameters differs.
 * @example
 * concatAll(layerMonoid)([dense(64), relu, dense(10)].map(opaqueLayer))
 */
export const layerMonoid: Monoid<OpaqueLayer> = {
  empty: opaqueLayer((x: Tensor) => x),
  concat: (a, b) => serial(a, b) as unknown as OpaqueLayer,
}

export type Loose = Layer<unknown, unknown, unknown, unknown>

/** A plain function as a layer: its output shape is found by tracing it on one example. */
export function toLayer(l: AnyLayer): Loose {
  if (typeof l !== 'function') return l as Loose
  return {
    about: { name: l.name === '' ? 'function' : l.name },
    init: (_key: Key, input: Shape) => ({
      params: null,
      state: null,
      output: evalShape(l as (x: Tensor) => Tensor, zeros([1, ...input])).shape.slice(1),
    }),
    step: (_params, state, x) => [l(x), state],
    apply: (_params, x) => l(x),
  }
}

/** For callers without types: Keras names layers by strings, and PyTorch's `Sequential` takes a list as well. */
function checkLayers(what: string, keys: readonly string[], layers: readonly unknown[]): void {
  const wrong = layers.findIndex(l => typeof l !== 'function' && !(typeof l === 'object' && l !== null && 'init' in l && 'step' in l))
  if (wrong !== -1)
    fail('ValueError', `${what}: ${keys[wrong]} must be a layer or a function of a tensor, got ${described(layers[wrong])}.`)
}

function chain(what: string, keys: readonly string[], anyLayers: readonly AnyLayer[], pack: (list: readonly unknown[]) => unknown): Loose {
  checkLayers(what, keys, anyLayers)
  const layers = anyLayers.map(toLayer)
  const at = (packed: unknown, i: number): unknown => (packed as Readonly<Record<string, unknown>>)[keys[i] as string]
  const check = (params: unknown): void => {
    const found = typeof params === 'object' && params !== null ? Object.keys(params) : []
    if (found.length !== keys.length || keys.some(k => !Object.hasOwn(params as object, k)))
      fail(
        'TreeError',
        `${what}: needs parameters for the layers ${keys.join(', ')}, got ${found.length === 0 ? 'none' : `some for ${found.join(', ')}`}. Pass what init gave.`,
      )
  }
  // Functions do not see the mode.
  const keyed = (mode: Mode, i: number): Mode => (typeof anyLayers[i] === 'function' ? mode : partMode(mode, i))
  const step = (params: unknown, state: unknown, x: unknown, mode: Mode = {}): readonly [unknown, unknown] => {
    check(params)
    if (typeof state !== 'object') fail('ValueError', `${what}: needs the state that init gave (null for none), got ${described(state)}.`)
    let y = x
    const states = layers.map((l, i) => {
      const [out, next] = l.step(at(params, i), state === null ? null : at(state, i), y, keyed(mode, i))
      y = out
      return next
    })
    return [y, state === null ? null : pack(states)]
  }
  return {
    about: { name: what, chain: layers.map((l, i) => [keys[i] as string, l]) },
    init(key, input) {
      checkInput(what, input)
      let shape = input
      const parts = layers.map((l, i) => {
        const part = l.init(random.foldIn(key, i), shape)
        shape = part.output
        return part
      })
      const states = parts.map(p => p.state)
      return { params: pack(parts.map(p => p.params)), state: states.every(s => s === null) ? null : pack(states), output: shape }
    },
    step,
    apply: (params, x, mode) => step(params, null, x, mode)[0],
  }
}
