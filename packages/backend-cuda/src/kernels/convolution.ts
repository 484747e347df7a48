/**
 * Convolutions by cuDNN. The filter of a convolution, and the cotangents for a filter's gradient, are copied where they do not lie as cuDNN wants
 * them (core's filters have their own channels last, cuDNN's first); results are stored at once where they do, with a bias and a relu if
 * that is all that comes after them, and else by a Loop.
 */
import { type Affine, type Contraction, elementwise, isHalf, type Load, sizeOf } from '@cotangent/core/kernel'
import type { Command, Convolution, ConvolutionShape, Dense, EmitContext } from '../command.ts'
import { biasAndRelu } from './contraction-product.ts'
import { afterSums } from './contraction-finish.ts'
import { type Form, formOf } from './convolution-form.ts'
import { emitLoop } from './loop.ts'

/** Of offsets, in elements: 16 bytes. */
const alignment = 4

/** Multiply-adds from which cuDNN is faster than tiles by float32 units, and at gradients of filters by tensor cores too. */
const LARGE = 2 ** 30

/**
 * Is cuDNN faster than tiles? Of contractions that are large enough for further launches (contraction.ts). On an H200, at the three convolutions of 2^28 of a small CNN: forward and by the image in
 * TF32 10.6 and 10.5 us against 13.9 and 21.5, but 36 against 15 at the filter's gradient; in float32 the step took 0.45 ms with cuDNN and 0.18 without.
 */
export const isFaster = ({ target }: EmitContext, direction: ConvolutionShape['direction'], work: number): boolean =>
  work >= LARGE || (target.precision !== 'float32' && direction === 'forward')

/** Undefined where it is no convolution, or none that cuDNN takes, or that it should have. */
export function convolutionOf(
  context: EmitContext,
  given: Contraction,
  pays: typeof isFaster = () => true,
): readonly Command[] | undefined {
  const a = widened(context, given.a),
    b = widened(context, given.b),
    form = formOf(context, { ...given, a: a.load, b: b.load })
  if (form === undefined || form.imageOffset % alignment !== 0) return undefined
  const { shape, contraction: c, imageOffset, filterStrides, outputStrides } = form
  if (!pays(context, shape.direction, sizeOf(given.extents))) return undefined
  const [otherStrides, resultStrides] = shape.direction === 'forward' ? [filterStrides, outputStrides] : [outputStrides, filterStrides]
  const strides = resultStrides.slice(0, c.parallel),
    direct = directResult(context, form, strides)
  const planned: ConvolutionShape = { ...shape, epilogue: direct?.epilogue ?? 'none' }
  if (!context.convolves(planned)) return undefined
  const other = operand(context, c, c.b, otherStrides)
  const result = direct?.result ?? {
    memory: context.temporary({ dtype: c.dtype, size: sizeOf(c.extents.slice(0, c.parallel)) }),
    offset: 0,
  }
  const convolution: Convolution = {
    kind: 'convolution',
    shape: planned,
    image: { memory: c.a.buffer, offset: imageOffset },
    other: other.place,
    result,
    ...(direct?.bias !== undefined && { bias: direct.bias }),
  }
  const after = direct === undefined ? emitLoop(context, afterSums(c, strides, result.memory, 1)) : []
  return [...a.before, ...b.before, ...other.before, convolution, ...after]
}

/** cuDNN gets float32: what is stored in 16 bits is copied. */
function widened(context: EmitContext, load: Load): { readonly load: Load; readonly before: readonly Command[] } {
  const { dtype, size } = context.spec(load.buffer)
  if (!isHalf(dtype)) return { load, before: [] }
  const memory = context.temporary({ dtype: load.dtype, size }),
    map: Affine = { offset: 0, strides: [1] },
    loop = elementwise([size], [{ op: 'load', buffer: load.buffer, dtype: load.dtype, map }], [{ buffer: memory, map, value: 0 }])
  return { load: { ...load, buffer: memory }, before: emitLoop(context, loop) }
}

const isAligned = ({ offset }: Affine): boolean => offset % alignment === 0
const liesAs = (map: Affine, strides: readonly number[]): boolean =>
  (map.dynamic ?? []).length === 0 && isAligned(map) && strides.every((s, k) => s === map.strides[k])

interface Operand {
  readonly place: Dense
  readonly before: readonly Command[]
}

/** What a load reads, as a dense array with these strides. */
function operand(context: EmitContext, { extents, dtype }: Contraction, load: Load, strides: readonly number[]): Operand {
  const { buffer, map } = load
  if (liesAs(map, strides)) return { place: { memory: buffer, offset: map.offset }, before: [] }
  const axes = extents.flatMap((_, k) => (strides[k] === 0 ? [] : [k])).toSorted((x, y) => (strides[y] as number) - (strides[x] as number)),
    own = axes.map(k => extents[k] as number),
    memory = context.temporary({ dtype, size: sizeOf(own) })
  const along = (all: readonly number[]): readonly number[] => axes.map(k => all[k] as number)
  const source = { op: 'load', buffer, dtype, map: { offset: map.offset, strides: along(map.strides) } } as const,
    loop = elementwise(own, [source], [{ buffer: memory, map: { offset: 0, strides: along(strides) }, value: 0 }])
  return { place: { memory, offset: 0 }, before: emitLoop(context, loop) }
}

interface Direct {
  readonly result: Dense
  readonly bias?: Dense
  readonly epilogue: ConvolutionShape['epilogue']
}

/** The result's place, where cuDNN can store it with all that comes after the sums. */
function directResult(context: EmitContext, { contraction, shape, channelStrides }: Form, strides: readonly number[]): Direct | undefined {
  const [store, ...others] = contraction.stores
  if (store === undefined || others.length > 0 || !liesAs(store.map, strides)) return undefined
  const channels = channelStrides.slice(0, contraction.parallel),
    epilogue = biasAndRelu(contraction.epilogue, store.value, map => isAligned(map) && channels.every((s, k) => s === map.strides[k]))
  const result: Dense = { memory: store.buffer, offset: store.map.offset }
  if (epilogue === undefined || context.spec(store.buffer).dtype !== contraction.dtype) return undefined
  const { bias, activation } = epilogue
  if (bias === undefined) return activation === undefined ? { result, epilogue: 'none' } : undefined
  if (bias.rounded !== undefined || context.spec(bias.memory).dtype !== contraction.dtype) return undefined
  return shape.direction === 'forward' ? { result, bias, epilogue: activation === undefined ? 'bias' : 'biasRelu' } : undefined
}
