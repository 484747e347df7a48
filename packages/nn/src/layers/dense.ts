/** The fully connected layer: `y = x kernel + bias`. */
import { type Tensor, matmul } from '@cotangent/core'
import { type Layer, checkCount, checkWidth, shapeError, stateless } from '../layer.ts'
import { type KernelOptions, type WithBias, addBias, kernelAndBias } from './conv.ts'

export interface Dense {
  /** `[in, out]` */
  readonly kernel: Tensor
  /** `[out]` */
  readonly bias: Tensor
}
export type DenseOptions<B extends boolean = boolean> = KernelOptions<B>

/** `[n, ..., in]` to `[n, ..., units]`. Keras: `Dense`; PyTorch: `Linear` (there the kernel is transposed). */
export function dense<const B extends boolean = true>(units: number, options: DenseOptions<B> = {}): Layer<WithBias<Dense, B>> {
  const name = `dense(${units})`
  checkCount(name, 'units', units)
  return stateless<Dense>(
    (key, input) => {
      const size = input[input.length - 1]
      if (size === undefined) shapeError(name, '[..., in]', input)
      return { params: kernelAndBias(options, key, [size, units], [units]), output: [...input.slice(0, -1), units] }
    },
    (p, x) => {
      checkWidth(name, x, p.kernel.shape[0])
      return addBias(matmul(x, p.kernel), p)
    },
    name,
  ) as Layer<WithBias<Dense, B>>
}
