/** Functions that apply functions: along axes, over axes, at each position, at each element. */
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { iota } from '../primitives/iota.ts'
import { expandDims, reshape } from '../primitives/reshape.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { moveaxis } from '../primitives/transpose.ts'
import { axisList, broadcastShapes, checkShape, normalizeAxis, type Shape, sameShape, showShape, sizeOf } from '../shape.ts'
import { checkDType, type DType } from '../dtype.ts'
import { isTensor, type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { checkFunction } from '../transforms/functions.ts'
import { vmap } from '../transforms/vmap.ts'
import { zeros } from './creation.ts'

/** The result of a user's function as a tensor. */
const resultOf = (caller: string, y: TensorLike): Tensor => toTensor(y, `${caller}: the function's result`)

/**
 * `f` of every vector of x along an axis; the axes of its result stand in place of that axis. NumPy: `apply_along_axis`, with vmap in place of a loop.
 *
 * @example applyAlongAxis(v => v.sub(v.mean()), 0, x)
 */
export function applyAlongAxis(f: (vector: Tensor) => TensorLike, axis: number, x: TensorLike): Tensor {
  checkFunction('applyAlongAxis: the first argument', f)
  const t = toTensor(x, 'applyAlongAxis'),
    k = normalizeAxis('applyAlongAxis', axis, t.ndim)
  const rows = moveaxis(t, k, -1),
    outer = rows.shape.slice(0, -1),
    count = sizeOf(outer)
  const one = (v: Tensor): Tensor => resultOf('applyAlongAxis', f(v))
  // Without any vector, one of zeros tells the shape of the result.
  const length = t.shape[k] as number
  const vectors = count === 0 ? zeros([1, length], { dtype: t.dtype }) : reshape(rows, [count, length])
  const out = vmap(one)(vectors),
    inner = out.shape.slice(1)
  return moveaxis(
    reshape(count === 0 ? sliceAxis(out, 0, 0) : out, [...outer, ...inner]),
    inner.map((_, i) => outer.length + i),
    inner.map((_, i) => k + i),
  )
}

/**
 * `f(x, axis)` for one axis after the other, each on the result before it. An axis that f removes is put back with size 1. NumPy: `apply_over_axes`.
 *
 * @example applyOverAxes((t, axis) => sum(t, { axis }), x, [0, 2])
 */
export function applyOverAxes(f: (x: Tensor, axis: number) => TensorLike, x: TensorLike, axes: number | readonly number[]): Tensor {
  checkFunction('applyOverAxes: the first argument', f)
  const t = toTensor(x, 'applyOverAxes')
  return axisList('applyOverAxes', axes)
    .map(k => normalizeAxis('applyOverAxes', k, t.ndim))
    .reduce((y, k) => {
      const r = resultOf('applyOverAxes', f(y, k))
      if (r.ndim === y.ndim) return r
      return r.ndim === y.ndim - 1
        ? expandDims(r, k)
        : fail(
            'ShapeError',
            `applyOverAxes: the function made shape ${showShape(r.shape)} of ${showShape(y.shape)}: it may remove its axis, no more.`,
          )
    }, t)
}

/**
 * The tensor whose element at [i, j, ...] is f(i, j, ...): f gets scalars, under vmap; the axes of its result come last. NumPy: `fromfunction`, with JAX's
 * meaning. The positions are float32 by default.
 *
 * @example fromfunction((i, j) => i.mul(10).add(j), [2, 3])
 */
export function fromfunction(
  f: (...position: readonly Tensor[]) => TensorLike,
  shape: Shape,
  options: { readonly dtype?: DType } = {},
): Tensor {
  const { dtype = 'float32' } = checkOptions('fromfunction', options, 'dtype')
  checkShape('fromfunction', shape)
  checkDType('fromfunction', dtype)
  const at = (...position: readonly Tensor[]): Tensor => resultOf('fromfunction', f(...position))
  return overShape(
    at,
    shape,
    shape.map((_, axis) => iota(shape, { axis, dtype })),
  )[0] as Tensor
}

/** `f` of the elements of tensors whose leading axes are `shape`, which lead in the results too. */
function overShape(f: (...xs: readonly Tensor[]) => Tensor | readonly Tensor[], shape: Shape, xs: readonly Tensor[]): readonly Tensor[] {
  const list = (...args: readonly Tensor[]): readonly Tensor[] => [f(...args)].flat() as readonly Tensor[]
  if (shape.length === 0) return list(...xs)
  const n = sizeOf(shape)
  const flat = xs.map(x => reshape(x, [n, ...x.shape.slice(shape.length)]))
  const out = vmap(list)(...flat)
  return out.map(y => reshape(y, [...shape, ...y.shape.slice(1)]))
}

// ---- vectorize

export interface Vectorize {
  /** The axes that f takes and gives, as NumPy's `'(m,n),(n)->(m)'`. Default: scalars. */
  readonly signature?: string
}

interface Signature {
  readonly inputs: readonly (readonly string[])[]
  readonly outputs: readonly (readonly string[])[]
}

const axesPattern = String.raw`\(\s*(?:\w+\s*(?:,\s*\w+\s*)*)?\)`
const listPattern = String.raw`\s*${axesPattern}\s*(?:,\s*${axesPattern}\s*)*`

function parseSignature(text: string): Signature {
  if (!new RegExp(`^${listPattern}->${listPattern}$`).test(text))
    fail(
      'ValueError',
      `vectorize: ${JSON.stringify(text)} is no signature. Write the axes of each argument and result as '(m,n),(n)->(m)'.`,
    )
  const [inputs, outputs] = text.split('->').map(side =>
    [...side.matchAll(new RegExp(axesPattern, 'g'))].map(([list]) =>
      list
        .slice(1, -1)
        .split(',')
        .map(name => name.trim())
        .filter(name => name !== ''),
    ),
  )
  return { inputs: inputs ?? [], outputs: outputs ?? [] }
}

/**
 * A function of scalars, or of the axes that `signature` names, as a function of tensors: further, leading axes of the arguments broadcast, and f is
 * applied under vmap for each of their positions. NumPy: `vectorize`, with JAX's meaning.
 *
 * @example vectorize((a: Tensor, b: Tensor) => a.mul(b).sum(), { signature: '(n),(n)->()' })
 */
export function vectorize<R extends Tensor | readonly Tensor[]>(
  f: (...xs: Tensor[]) => R,
  options: Vectorize = {},
): (...xs: readonly TensorLike[]) => R {
  checkFunction('vectorize', f)
  const { signature } = checkOptions('vectorize', options, 'signature')
  const parsed = signature === undefined ? null : parseSignature(signature)
  return (...xs) => {
    const tensors = xs.map(x => toTensor(x, 'vectorize'))
    const cores = parsed?.inputs ?? tensors.map(() => [])
    if (cores.length !== tensors.length)
      fail('ValueError', `vectorize: ${tensors.length} arguments for the ${cores.length} of the signature ${signature}.`)
    const sizes = new Map<string, number>()
    const leads = tensors.map((t, i) => leadOf(t, cores[i] as readonly string[], sizes, i))
    const shape = broadcastShapes('vectorize', ...leads)
    let isList = true
    const checked = (...args: readonly Tensor[]): readonly Tensor[] => {
      const out: Tensor | readonly Tensor[] = f(...args)
      isList = !isTensor(out)
      const results = [out].flat() as readonly Tensor[]
      checkResults(results, parsed?.outputs ?? results.map(() => []), sizes)
      return results
    }
    const spread = tensors.map((t, i) => broadcastTo(t, [...shape, ...t.shape.slice((leads[i] as Shape).length)]))
    const out = overShape(checked, shape, spread)
    return (isList ? out : out[0]) as R
  }
}

/** The axes of an argument before those of the signature, whose sizes are noted. */
function leadOf(t: Tensor, core: readonly string[], sizes: Map<string, number>, i: number): Shape {
  if (t.ndim < core.length)
    fail('ShapeError', `vectorize: argument ${i} of shape ${showShape(t.shape)} has fewer axes than (${core.join(',')}).`)
  core.forEach((name, k) => {
    const n = t.shape[t.ndim - core.length + k] as number,
      known = sizes.get(name)
    if (known !== undefined && known !== n)
      fail('ShapeError', `vectorize: axis ${name} has size ${known}, but ${n} in argument ${i} of shape ${showShape(t.shape)}.`)
    sizes.set(name, n)
  })
  return t.shape.slice(0, t.ndim - core.length)
}

function checkResults(results: readonly Tensor[], cores: readonly (readonly string[])[], sizes: ReadonlyMap<string, number>): void {
  if (results.length !== cores.length)
    fail('ValueError', `vectorize: the function gave ${results.length} results for the ${cores.length} of the signature.`)
  results.forEach((y, i) => {
    const core = cores[i] as readonly string[],
      wanted = core.map((name, k) => sizes.get(name) ?? y.shape[k] ?? -1)
    if (!sameShape(y.shape, wanted))
      fail(
        'ShapeError',
        `vectorize: result ${i} has shape ${showShape(y.shape)} instead of (${core.join(',')}). Name its axes in the signature.`,
      )
  })
}
