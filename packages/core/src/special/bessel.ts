/** Modified Bessel functions of the first kind, scaled by exp(-|x|): Chebyshev series, in x up to 8 and in 1 / x behind. */
import { abs, divide, multiply, sign, subtract } from '../primitives/arithmetic.ts'
import { toFloat } from '../primitives/cast.ts'
import { greater } from '../primitives/comparison.ts'
import { sqrt } from '../primitives/exponential.ts'
import { where } from '../primitives/select.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { jit } from '../transforms/jit.ts'
import { chebyshev } from './polynomials.ts'

// Series in T_k(x / 4 - 1) of i0e(x) and i1e(x) / x, and in T_k(16 / x - 1) of sqrt(x) i0e(x) and sqrt(x) i1e(x); made by interpolation of SciPy's values
// at 64 Chebyshev nodes.
const near0 = [
  0.338397637204738, -0.3046826723431983, 0.1716209015222087, -0.09490109704804758, 0.04930528423967063, -0.02373741480589942,
  0.01054646039459494, -0.004324309995050499, 0.001639475616941256, -0.0005763755745387539, 0.0001885028850956982, -5.754195010054808e-5,
  1.644844807077717e-5, -4.416738358714589e-6, 1.117387539065207e-6, -2.670793851078379e-7, 6.046994996400379e-8, -1.300025023742712e-8,
  2.659823847284137e-9, -5.18979414998455e-10, 9.675811540876822e-11, -1.726806891921839e-11, 2.954754496631296e-12, -4.853929758130704e-13,
  7.660191925218385e-14, -1.186897802263331e-14, 2.050443148604586e-15,
]
const far0 = [
  0.4022452055070544, 0.003369116478255718, 6.889758346915499e-5, 2.891370520875791e-6, 2.048918589158885e-7, 2.266668987921383e-8,
  3.396232010031974e-9, 4.940602510439263e-10, 1.188912033059375e-11, -3.149930316581617e-11, -1.321586807004338e-11,
  -1.794064896643022e-12, 7.180566904962937e-13, 3.85122489454659e-13, 1.53408102193664e-14, -4.141131881851834e-14, -9.71445146547012e-15,
  3.774758283725532e-15, 1.838373203666421e-15,
]
const near1 = [
  0.1262935932218168, -0.176416518357834, 0.1026436586898471, -0.05294598120809495, 0.02472644903062647, -0.01056408489462616,
  0.00415642294431286, -0.001513572450631207, 0.000512285956168531, -0.0001617608158259662, 4.781565107542241e-5, -1.327316365589554e-5,
  3.470251308146377e-6, -8.56872026590294e-7, 2.003294753277762e-7, -4.44505911245674e-8, 9.381537262320716e-9, -1.887249818227632e-9,
  3.625591007971884e-10, -6.663483653746027e-11, 1.1736205757229e-11, -1.983902625513068e-12, 3.222457023444036e-13, -5.030177663289948e-14,
  7.518291544883482e-15, -1.203030730589916e-15,
]
const far1 = [
  0.3892881175091401, -0.009761097491361448, -0.0001105889387626492, -3.88256480883184e-6, -2.512236238364027e-7, -2.631468847338891e-8,
  -3.835380388826116e-9, -5.589743459766261e-10, -1.897498477787529e-11, 3.252591251889925e-11, 1.412574527834276e-11,
  2.035732693528303e-12, -7.198198200691897e-13, -4.084926841230185e-13, -2.107385446703525e-14, 4.279909759929978e-14,
  1.021405182655144e-14, -3.83026943495679e-15, -1.796306159373984e-15,
]

const BOUND = 8

const near = (series: readonly number[], size: Tensor): Tensor => chebyshev(series, subtract(multiply(size, 2 / BOUND), 1))
const far = (series: readonly number[], size: Tensor): Tensor => divide(chebyshev(series, subtract(divide(2 * BOUND, size), 1)), sqrt(size))

const i0eOf = /* @__PURE__ */ jit(function i0e(x: Tensor): Tensor {
  const size = abs(x),
    isFar = greater(size, BOUND)
  return where(isFar, far(far0, where(isFar, size, BOUND)), near(near0, where(isFar, BOUND, size)))
})
const i1eOf = /* @__PURE__ */ jit(function i1e(x: Tensor): Tensor {
  // Odd: near 0 the series is multiplied by x itself, whose derivative at 0 is 1, and not by sign(x) |x|.
  const isFar = greater(abs(x), BOUND),
    low = where(isFar, BOUND, x),
    high = where(isFar, x, BOUND)
  return where(isFar, multiply(sign(high), far(far1, abs(high))), multiply(low, near(near1, abs(low))))
})

/** exp(-|x|) I_0(x). At 0, where it has a kink, the derivative is taken as 0. SciPy: `special.i0e`. */
export function i0e(x: TensorLike): Tensor {
  return i0eOf(toFloat('i0e', x))
}
/** exp(-|x|) I_1(x). SciPy: `special.i1e`. */
export function i1e(x: TensorLike): Tensor {
  return i1eOf(toFloat('i1e', x))
}
