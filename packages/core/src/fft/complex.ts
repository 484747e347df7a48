/** Complex tensors as pairs of real ones. */
import { fail } from '../errors.ts'
import { add, multiply, subtract } from '../primitives/arithmetic.ts'
import { promoteFloats, toFloat } from '../primitives/cast.ts'
import { sameShape, showShape } from '../shape.ts'
import { isTensor, type Tensor, type TensorLike } from '../tensor.ts'

/** Real and imaginary parts, of one shape. A tree, as grad, jit and vmap take it. */
export interface Complex {
  readonly re: Tensor
  readonly im: Tensor
}
/** What is taken for complex numbers: a pair, or real numbers. */
export type ComplexLike = TensorLike | { readonly re: TensorLike; readonly im: TensorLike }

/** As a pair inside: `null` is an imaginary part of zeros, which is not computed with. */
export interface Parts {
  readonly re: Tensor
  readonly im: Tensor | null
}

export function toParts(where: string, x: ComplexLike): Parts {
  if (isTensor(x) || typeof x !== 'object') return { re: toFloat(where, x), im: null }
  if ((x as { re?: unknown } | null)?.re === undefined || (x as { im?: unknown }).im === undefined)
    fail('TreeError', `${where}: needs a tensor or a pair { re, im } of tensors.`)
  const [re, im] = promoteFloats(where, x.re, x.im)
  if (!sameShape(re.shape, im.shape))
    fail('ShapeError', `${where}: re and im must have the same shape, got ${showShape(re.shape)} and ${showShape(im.shape)}.`)
  return { re, im }
}

export const mapParts = ({ re, im }: Parts, f: (x: Tensor) => Tensor): Parts => ({ re: f(re), im: im === null ? null : f(im) })

/** x (c - i s), `product` being any bilinear product. */
export function timesConjugate({ re, im }: Parts, c: Tensor, s: Tensor, product: (x: Tensor, y: Tensor) => Tensor = multiply): Complex {
  if (im === null) return { re: product(re, c), im: multiply(-1, product(re, s)) }
  return { re: add(product(re, c), product(im, s)), im: subtract(product(im, c), product(re, s)) }
}
