/** How signals and gradients fare in a deep network: a scan over layers, whose probes give the gradient at each depth. */
import { type Key, type Tensor, all, jit, mean, random, scan, sqrt, square, stack, sum, valueAndGrad, vmap, zeros } from '@cotangent/core'
import type { Initializer } from '@cotangent/nn'

export interface FlowOptions {
  readonly depth: number
  /** Units of each layer, and of the input. */
  readonly width: number
  /** Inputs, standard normal. */
  readonly count: number
  /** Networks, initialised with different keys. */
  readonly networks: number
}

/** By depth, as medians would be too tame: means over the networks. */
export interface Flow {
  /** Root mean square of the outputs of each layer. */
  readonly signal: readonly number[]
  /** Root mean square of the loss's gradient at the sums that go into each layer's activation. */
  readonly gradient: readonly number[]
  /** Share of outputs where the slope is below 1 % of the steepest. */
  readonly saturated: readonly number[]
  /** Share of units that are zero for every input. */
  readonly dead: readonly number[]
}

export interface Activation {
  readonly apply: (x: Tensor) => Tensor
  /** Its derivative, from its result. */
  readonly slope: (y: Tensor) => Tensor
  /** The largest of them. */
  readonly steepest: number
}

/** Flows of networks of one activation, compiled once for all initialisers. */
export type FlowFor = (initialize: Initializer, key: Key) => Flow

/**
 * Networks of `depth` layers `activation(x W)` with square kernels of one initialiser. The loss is the product of the output with a random
 * direction, so that the gradient at the top does not depend on the output. The derivative at a probe, zeros that are added before the activation, is
 * the gradient there.
 */
export function flowOf(activation: Activation, { depth, width, count, networks }: FlowOptions): FlowFor {
  const one = (kernels: Tensor, key: Key): Tensor => {
    const [forInputs, forDirection] = random.split(key)
    const inputs = random.normal(forInputs, [count, width]),
      direction = random.normal(forDirection, [count, width])
    const loss = (probes: Tensor): readonly [loss: Tensor, outputs: Tensor] => {
      const [last, outputs] = scan(
        (x, [kernel, probe]) => {
          const y = activation.apply(x.matmul(kernel).add(probe))
          return [y, y] as const
        },
        inputs,
        [kernels, probes] as const,
      )
      return [sum(last.mul(direction)), outputs]
    }
    const [[, outputs], gradients] = valueAndGrad(loss, { hasAux: true })(zeros([depth, count, width]))
    return stack([rootMeanSquare(outputs), rootMeanSquare(gradients as Tensor), saturated(activation, outputs), dead(outputs)])
  }
  const flows = jit((kernels: Tensor, key: Key) => mean(vmap(one)(kernels, random.splitBatch(key, networks)), { axis: 0 }))
  return (initialize, key) => {
    const [forKernels, forRest] = random.split(key)
    const kernels = vmap((k: Key) => initialize(k, [width, width]))(random.splitBatch(forKernels, networks * depth))
    const data = Array.from(flows(kernels.reshape([networks, depth, width, width]), forRest).dataSync()),
      [signal = [], gradient = [], saturatedShare = [], deadShare = []] = [0, 1, 2, 3].map(i => data.slice(i * depth, (i + 1) * depth))
    return { signal, gradient, saturated: saturatedShare, dead: deadShare }
  }
}

/** `[depth, count, width]` to `[depth]`. */
const share = (x: Tensor): Tensor => mean(x.astype('float32'), { axis: [1, 2] })
const rootMeanSquare = (x: Tensor): Tensor => sqrt(share(square(x)))
const dead = (outputs: Tensor): Tensor => mean(all(outputs.equal(0), { axis: 1 }).astype('float32'), { axis: 1 })
const saturated = ({ slope, steepest }: Activation, outputs: Tensor): Tensor => share(slope(outputs).less(0.01 * steepest))
