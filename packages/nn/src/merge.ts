/** Layers side by side: residual connections, and branches whose results become one. */
import { type Shape, type Tensor, concatenate, evalShape, maximum, random, zeros } from '@cotangent/core'
import { checkOneOf, fail, sameShape, showShape } from '@cotangent/core/extend'
import { type AnyLayer, type Loose, type Params, type ParamsOf, type State, type StateOf, toLayer } from './compose.ts'
import { type Layer, partMode } from './layer.ts'

/**
 * `x + body(x)`; parameters and state are the body's. He et al. 2015, https://arxiv.org/abs/1512.03385.
 * @throws ShapeError at init when the body changes the shape: then `merge('add', [body, shortcut])`.
 */
export function residual<const L extends AnyLayer>(body: L): Layer<ParamsOf<L>, StateOf<L>> {
  const layer = toLayer(body)
  const step: Loose['step'] = (params, state, x, mode) => {
    const [y, next] = layer.step(params, state, x, mode)
    return [(x as Tensor).add(y as Tensor), next]
  }
  const made: Loose = {
    about: { name: `residual(${layer.about?.name ?? 'layer'})` },
    init(key, input) {
      const part = layer.init(key, input)
      if (!sameShape(part.output, input))
        fail(
          'ShapeError',
          `residual: the body makes ${showShape(part.output)} of ${showShape(input)}. Keep the shape, or use merge('add', [body, shortcut]).`,
        )
      return part
    },
    step,
    apply: (params, x, mode) => step(params, null, x, mode)[0],
  }
  return made as Layer<ParamsOf<L>, StateOf<L>>
}

export type MergeKind = 'add' | 'multiply' | 'average' | 'maximum' | 'concat' | 'dot'
export interface MergeOptions {
  /** Of `concat`: the axis, counted with the batch. Default the last. */
  readonly axis?: number
}
type Combine = (parts: readonly Tensor[], axis: number) => Tensor
const fold =
  (f: (a: Tensor, b: Tensor) => Tensor): Combine =>
  parts =>
    parts.reduce(f)
const sumOf = fold((a, b) => a.add(b))
const combine: Readonly<Record<MergeKind, Combine>> = {
  add: sumOf,
  multiply: fold((a, b) => a.mul(b)),
  average: (parts, axis) => sumOf(parts, axis).div(parts.length),
  maximum: fold((a, b) => maximum(a, b)),
  concat: (parts, axis) => concatenate(parts, { axis }),
  dot: parts => parts.reduce((a, b) => a.mul(b)).sum({ axis: -1, keepdims: true }),
}

/**
 * All layers see the same input; their results become one: `add`, `multiply`, `average`, `maximum` of equal shapes, `concat` along an axis, or `dot`, the
 * sum of products over the last axis, `[n, ..., 1]`. Parameters are a tuple, one entry a layer. Keras: `Add`, `Concatenate`, `Dot`, ...
 * @example
 * merge('add', [serial(conv2d(64, 3, { strides: 2 }), relu, conv2d(64, 3)), conv2d(64, 1, { strides: 2 })])
 */
export function merge<const L extends readonly [AnyLayer, ...AnyLayer[]]>(
  how: MergeKind,
  layers: L,
  { axis = -1 }: MergeOptions = {},
): Layer<Params<L>, State<L>> {
  checkOneOf('merge', 'kind', how, Object.keys(combine) as MergeKind[])
  if (layers.length === 0) fail('ValueError', 'merge: needs at least one layer.')
  const parts = layers.map(toLayer)
  const step = (params: unknown, state: unknown, x: unknown, mode = {}): readonly [unknown, unknown] => {
    const results = parts.map((l, i) =>
      l.step((params as readonly unknown[])[i], state === null ? null : (state as readonly unknown[])[i], x, partMode(mode, i)),
    )
    return [combine[how](results.map(([y]) => y) as Tensor[], axis), state === null ? null : results.map(([, s]) => s)]
  }
  const made: Loose = {
    about: { name: `merge ${how}` },
    init(key, input) {
      const branches = parts.map((l, i) => l.init(random.foldIn(key, i), input))
      const states = branches.map(b => b.state)
      return {
        params: branches.map(b => b.params),
        state: states.every(s => s === null) ? null : states,
        output: mergedShape(
          how,
          axis,
          branches.map(b => b.output),
        ),
      }
    },
    step,
    apply: (params, x, mode) => step(params, null, x, mode)[0],
  }
  return made as Layer<Params<L>, State<L>>
}

function mergedShape(how: MergeKind, axis: number, shapes: readonly Shape[]): Shape {
  if (how !== 'concat' && shapes.some(s => !sameShape(s, shapes[0] as Shape)))
    fail(
      'ShapeError',
      `merge: ${how} needs results of one shape, got ${shapes.map(s => `${showShape(s)}`).join(' and ')}. Change a branch.`,
    )
  const merged = evalShape(
    (list: readonly Tensor[]) => combine[how](list, axis),
    shapes.map(s => zeros([1, ...s])),
  )
  return merged.shape.slice(1)
}
