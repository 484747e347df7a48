/** What a layer is: a pair of pure functions on a tree of parameters. Batches come first: `x` is `[n, ...shape]` for `init(key, shape)`. */
import { type Key, type Shape, type Tensor, CotangentError } from '@cotangent/core'

export interface Mode {
  /** Training: dropout drops, batch statistics move. Default false. */
  readonly train?: boolean
  /** Randomness for layers that need it while training. */
  readonly key?: Key
}

/** What `init` gives: parameters, state that is not trained (`null` for none) and the shape of one output example. */
export interface Initialized<P, S> {
  readonly params: P
  readonly state: S
  readonly output: Shape
}

/** `P` parameters, `S` state that is not trained (`null` for none), from `I` to `O`. */
export interface Layer<P, S = null, I = Tensor, O = Tensor> {
  /** `input` is the shape of one example, without the batch axis. */
  init(key: Key, input: Shape): Initialized<P, S>
  /** One application: the output and the next state. */
  step(params: P, state: S, x: I, mode?: Mode): readonly [y: O, state: S]
  /** The output alone, for layers without state. */
  apply(this: Layer<P, null, I, O>, params: P, x: I, mode?: Mode): O
}

/** A layer without state from its `init` and its mathematics. */
export function stateless<P, I = Tensor, O = Tensor>(
  init: (key: Key, input: Shape) => { readonly params: P; readonly output: Shape },
  apply: (params: P, x: I, mode: Mode) => O,
): Layer<P, null, I, O> {
  return {
    init: (key, input) => ({ ...init(key, input), state: null }),
    step: (params, state, x, mode = {}) => [apply(params, x, mode), state],
    apply: (params, x, mode = {}) => apply(params, x, mode),
  }
}

/** Raises a ShapeError that names the layer. */
export function shapeError(layer: string, wanted: string, got: Shape): never {
  throw new CotangentError(
    'ShapeError',
    `${layer}: needs examples of shape ${wanted}, got [${got.join(', ')}] (the batch axis does not count).`,
  )
}
