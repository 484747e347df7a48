/** The normal distribution function, its inverse and its logarithm, and the scaled error function that the logarithm needs. */
import { add, divide, maximum, minimum, multiply, negative, subtract } from '../primitives/arithmetic.ts'
import { toFloat } from '../primitives/cast.ts'
import { equal, greater, greaterEqual, less } from '../primitives/comparison.ts'
import { exp, log, log1p, reciprocal, sqrt, square } from '../primitives/exponential.ts'
import { where } from '../primitives/select.ts'
import { erfc, erfcTail } from '../primitives/special.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { customJvp } from '../transforms/custom.ts'
import { jit } from '../transforms/jit.ts'
import { rational } from './polynomials.ts'

/** exp(x^2) erfc(x) by Cephes' ratios for x >= 1. Behind 8 in 1 / x, whose powers do not overflow. */
function scaledTail(x: Tensor): Tensor {
  const [middle, far] = erfcTail,
    near = minimum(x, 8),
    inverse = reciprocal(maximum(x, 8))
  const behind = multiply(inverse, rational([...far.p].reverse(), [...far.d].reverse(), inverse))
  return where(less(x, 8), rational(middle.p, middle.d, near), behind)
}

const erfcxOf: (x: Tensor) => Tensor = /* @__PURE__ */ jit(
  /* @__PURE__ */ customJvp(
    function erfcx(x: Tensor): Tensor {
      const small = minimum(x, 1)
      return where(less(x, 1), multiply(exp(square(small)), erfc(small)), scaledTail(maximum(x, 1)))
    },
    ([x], [t]) => {
      const y = erfcxOf(x)
      return [y, multiply(t, subtract(multiply(multiply(2, x), y), 2 / Math.sqrt(Math.PI)))]
    },
  ),
)

/** The scaled complementary error function exp(x^2) erfc(x), about 1 / (x sqrt(pi)) for large x. SciPy: `special.erfcx`. */
export function erfcx(x: TensorLike): Tensor {
  return erfcxOf(toFloat('erfcx', x))
}

/** The distribution function of the standard normal distribution, with all digits in the lower tail. SciPy: `special.ndtr`. */
export function ndtr(x: TensorLike): Tensor {
  return multiply(0.5, erfc(multiply(-Math.SQRT1_2, toFloat('ndtr', x))))
}

/** The density of the standard normal distribution, relative to a value y of the distribution function: exp(-x^2 / 2 - log y) / sqrt(2 pi). */
const relativeDensity = (x: Tensor, logValue: Tensor): Tensor =>
  exp(subtract(subtract(multiply(-0.5, square(x)), logValue), Math.log(2 * Math.PI) / 2))

const logNdtrOf: (x: Tensor) => Tensor = /* @__PURE__ */ jit(
  /* @__PURE__ */ customJvp(
    function logNdtr(x: Tensor): Tensor {
      const low = minimum(x, -1),
        high = maximum(x, -1)
      const below = subtract(log(multiply(0.5, erfcxOf(multiply(-Math.SQRT1_2, low)))), multiply(0.5, square(low)))
      return where(less(x, -1), below, log1p(multiply(-0.5, erfc(multiply(Math.SQRT1_2, high)))))
    },
    ([x], [t]) => {
      const y = logNdtrOf(x)
      return [y, multiply(t, relativeDensity(x, y))]
    },
  ),
)

/** log(ndtr(x)), finite where `ndtr` is too small for a float. SciPy: `special.log_ndtr`. */
export function logNdtr(x: TensorLike): Tensor {
  return logNdtrOf(toFloat('logNdtr', x))
}

// Coefficients: Cephes ndtri.c (S. L. Moshier), as in JAX and SciPy.
const center = {
  p: [-59.9633501014107895267, 98.0010754185999661536, -56.6762857469070293439, 13.9312609387279679503, -1.23916583867381258016],
  q: [
    1, 1.95448858338141759834, 4.67627912898881538453, 86.3602421390890590575, -225.462687854119370527, 200.260212380060660359,
    -82.0372256168333339912, 15.9056225126211695515, -1.18331621121330003142,
  ],
}
const tail = {
  p: [
    4.05544892305962419923, 31.5251094599893866154, 57.1628192246421288162, 44.08050738932008347, 14.6849561928858024014,
    2.18663306850790267539, -0.140256079171354495875, -0.0350424626827848203418, -0.000857456785154685413611,
  ],
  q: [
    1, 15.7799883256466749731, 45.3907635128879210584, 41.317203825467203044, 15.0425385692907503408, 2.50464946208309415979,
    -0.142182922854787788574, -0.0380806407691578277194, -0.000933259480895457427372,
  ],
}
const farTail = {
  p: [
    3.2377489177694603597, 6.91522889068984211695, 3.93881025292474443415, 1.33303460815807542389, 0.201485389549179081538,
    0.0123716634817820021358, 0.000301581553508235416007, 2.65806974686737550832e-6, 6.2397453918498329373e-9,
  ],
  q: [
    1, 6.02427039364742014255, 3.67983563856160859403, 1.37702099489081330271, 0.21623699359449663589, 0.0134204006088543189037,
    0.000328014464682127739104, 2.89247864745380683936e-6, 6.79019408009981274425e-9,
  ],
}

const ndtriOf: (x: Tensor) => Tensor = /* @__PURE__ */ jit(
  /* @__PURE__ */ customJvp(
    function ndtri(p: Tensor): Tensor {
      const upper = greater(p, 1 - Math.exp(-2)),
        q = where(upper, subtract(1, p), p)
      const w = subtract(q, 0.5),
        ww = square(w)
      const middle = multiply(Math.sqrt(2 * Math.PI), add(w, multiply(multiply(w, ww), rational(center.p, center.q, ww))))
      const small = where(equal(q, 0), 0.5, where(greater(q, 0), q, NaN)),
        z = sqrt(multiply(-2, log(minimum(small, 0.5)))),
        inverse = reciprocal(z)
      const ratio = where(greaterEqual(z, 8), rational(farTail.p, farTail.q, inverse), rational(tail.p, tail.q, inverse))
      const lower = add(subtract(divide(log(z), z), z), multiply(inverse, ratio))
      const x = where(greater(q, Math.exp(-2)), middle, where(equal(q, 0), -Infinity, lower))
      return where(upper, negative(x), x)
    },
    ([p], [t]) => {
      const x = ndtriOf(p)
      return [x, multiply(t, multiply(Math.sqrt(2 * Math.PI), exp(multiply(0.5, square(x)))))]
    },
  ),
)

/** The inverse of `ndtr`, the quantile function of the standard normal distribution; infinite at 0 and 1, NaN outside. SciPy: `special.ndtri`. */
export function ndtri(p: TensorLike): Tensor {
  return ndtriOf(toFloat('ndtri', p))
}
