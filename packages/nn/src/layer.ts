/** What a layer is: a pair of pure functions on a tree of parameters. Batches come first: `x` is `[n, ...shape]` for `init(key, shape)`. */
import { type Key, type Shape, type Tensor, random } from '@cotangent/core'
import { described, fail, showShape } from '@cotangent/core/extend'
import { checkBool } from './checks.ts'

export interface Mode {
  /** Training: dropout drops, batch statistics move. Default false. */
  readonly train?: boolean
  /** Randomness for layers that need it while training. */
  readonly key?: Key
  /** For sequences of different lengths, padded to one: `[n, t]`, true where there is an element (`sequenceMask(lengths, t)`). Keras: `mask`. */
  readonly mask?: Tensor
}

/** The mode of part `i` of a layer: its own key. */
export const partMode = (mode: Mode, i: number): Mode => (mode.key === undefined ? mode : { ...mode, key: random.foldIn(mode.key, i) })

/** What printouts show of a layer: `summary`. */
export interface About {
  readonly name: string
  /** Its parts with their keys in `params`, where each takes what the one before gives. */
  readonly chain?: readonly (readonly [key: string, layer: unknown])[]
}

/** What `init` gives: parameters, state that is not trained (`null` for none) and the shape of one output example. */
export interface Initialized<P, S> {
  readonly params: P
  readonly state: S
  readonly output: Shape
}

/** `P` parameters, `S` state that is not trained (`null` for none), from `I` to `O`. */
export interface Layer<P, S = null, I = Tensor, O = Tensor> {
  readonly about?: About
  /** `input` is the shape of one example, without the batch axis. */
  init(key: Key, input: Shape): Initialized<P, S>
  /** One application: the output and the next state. */
  step(params: P, state: S, x: I, mode?: Mode): readonly [y: O, state: S]
  /** The output alone, for layers without state. */
  apply(this: Layer<P, null, I, O>, params: P, x: I, mode?: Mode): O
}

type Init<P> = (key: Key, input: Shape) => { readonly params: P; readonly output: Shape }

/** A layer without state from its `init` and its mathematics. `name` is for printouts. */
export function stateless<P, I = Tensor, O = Tensor>(
  init: Init<P>,
  apply: (params: P, x: I, mode: Mode) => O,
  name?: string,
): Layer<P, null, I, O> {
  return {
    ...(name === undefined ? {} : { about: { name } }),
    init: (key, input) => {
      checkInput(name ?? 'stateless', input)
      return { ...init(key, input), state: null }
    },
    step: (params, state, x, mode = {}) => [apply(params, x, mode), state],
    apply: (params, x, mode = {}) => apply(params, x, mode),
  }
}

/** A layer whose state goes in and comes out. `name` is for printouts and messages. */
export function stateful<P, S, I = Tensor, O = Tensor>(
  name: string,
  init: (key: Key, input: Shape) => Initialized<P, S>,
  step: (params: P, state: S, x: I, mode: Mode) => readonly [y: O, state: S],
): Layer<P, S, I, O> {
  const checked = (params: P, state: S, x: I, mode: Mode = {}): readonly [y: O, state: S] => {
    if (state === null || state === undefined)
      fail('ValueError', `${name}: has state. Use step(params, state, x, mode) with the state that init gave.`)
    return step(params, state, x, mode)
  }
  return {
    about: { name },
    init,
    step: checked,
    apply: (params, x, mode = {}) => checked(params, null as S, x, mode)[0],
  }
}

/** Refuses numbers of units, filters or heads that mean nothing. */
export function checkCount(layer: string, what: string, n: number): void {
  if (!Number.isInteger(n) || n < 1) fail('ValueError', `${layer}: ${what} must be a positive integer, got ${described(n)}.`)
}

/** The shape of an example, which is neither its size alone nor has it an axis of unknown size. */
export function checkInput(layer: string, input: unknown): asserts input is Shape {
  if (!Array.isArray(input) || input.some(n => !Number.isInteger(n) || n < 0))
    fail(
      'ShapeError',
      `${layer}: init needs the shape of one example, such as [28, 28, 1] (the batch axis does not count), got ${described(input)}.`,
    )
}

/** The last axis must be what the parameters were made for: a size of 1 would broadcast. */
export function checkWidth(layer: string, x: Tensor, width: number | undefined): void {
  if (x.shape[x.ndim - 1] !== width)
    fail(
      'ShapeError',
      `${layer}: its parameters are for a last axis of ${width}, got ${showShape(x.shape)}. Pass parameters of init for this shape.`,
    )
}

/** Length and width of an example that is a sequence. @throws ShapeError that names the layer when it is none. */
export function sequenceOf(layer: string, input: Shape): readonly [t: number, width: number] {
  const [t, width] = input
  return input.length === 2 && t !== undefined && width !== undefined ? [t, width] : shapeError(layer, '[t, width]', input)
}

/** A mask `[n, t]`, or `[1, t]` for all, of sequences `[n, t, ...]`. @throws ShapeError that names the layer when it is none. */
export function checkMask(layer: string, mask: Tensor | undefined, x: Tensor): void {
  if (mask === undefined) return
  checkBool(layer, 'the mask', mask)
  const [n, t] = x.shape
  if (mask.ndim !== 2 || mask.shape[1] !== t || (mask.shape[0] !== n && mask.shape[0] !== 1))
    fail(
      'ShapeError',
      `${layer}: the mask of sequences ${showShape(x.shape)} has the shape [${n}, ${t}], got ${showShape(mask.shape)}. Make it by sequenceMask(lengths, ${t}).`,
    )
}

/** Refuses what is no batch of sequences. */
export function checkSequence(layer: string, x: Tensor): void {
  if (x.ndim !== 3)
    fail(
      'ShapeError',
      `${layer}: needs sequences [n, t, width], got ${showShape(x.shape)}. One sequence gets its batch axis by expandDims(x, 0).`,
    )
}

/** Raises a ShapeError that names the layer. */
export function shapeError(layer: string, wanted: string, got: Shape): never {
  fail('ShapeError', `${layer}: needs examples of shape ${wanted}, got ${showShape(got)} (the batch axis does not count).`)
}
