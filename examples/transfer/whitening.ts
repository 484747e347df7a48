/**
 * What differs between images of the same digit says little about which digit it is. How much that is, and in which directions, the digits 0-4 teach:
 * features are whitened by their covariance within these classes. Hatch, Kajarekar and Stolcke 2006 do so with voices ("Within-class covariance
 * normalization for SVM-based speaker recognition", Interspeech).
 */
import { type Tensor, eye, jit, lax, linalg, matmul, mean, multiply, sqrt, sum, trace } from '@cotangent/core'
import { oneHot } from '@cotangent/nn'
import { CLASSES } from './models.ts'

/** So many times the mean variance is added to that of each direction: what the known digits do not do is not taken for impossible. */
const SHRINKAGE = 10

export interface Whitening {
  /** `[d]` */
  readonly centre: Tensor
  /** `[d, d]`: (x - centre) times it has variances of 1 on average. */
  readonly map: Tensor
}

/** From features x `[n, d]` of known classes `[n]`. */
export const whiteningOf: (x: Tensor, labels: Tensor) => Whitening = jit((x: Tensor, labels: Tensor): Whitening => {
  const [n, d] = x.shape as readonly [number, number]
  const covariance = (rows: Tensor): Tensor => matmul(rows.transpose(), rows).div(n)
  const members = oneHot(labels, CLASSES),
    means = matmul(members.transpose(), x).div(sum(members, { axis: 0 }).reshape([-1, 1]))
  const within = covariance(x.sub(matmul(members, means))),
    centre = mean(x, { axis: 0 })
  const factor = linalg.cholesky(within.add(eye(d).mul(trace(within).mul(SHRINKAGE / d))))
  const inverse = lax.triangularSolve(factor, eye(d), { leftSide: true, lower: true })
  const variance = sum(multiply(inverse, matmul(inverse, covariance(x.sub(centre))))).div(d)
  return { centre, map: inverse.transpose().div(sqrt(variance)) }
})

/** Features `[n, d]`, whitened. */
export const whitened = ({ centre, map }: Whitening, x: Tensor): Tensor => matmul(x.sub(centre), map)
