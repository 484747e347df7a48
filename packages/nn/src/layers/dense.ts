/** The fully connected layer: `y = x kernel + bias`. */
import { type Tensor, matmul, random } from '@cotangent/core'
import { type Initializer, glorotUniform, zeros } from '../init.ts'
import { type Layer, shapeError, stateless } from '../layer.ts'

export interface Dense {
  /** `[in, out]` */
  readonly kernel: Tensor
  /** `[out]` */
  readonly bias: Tensor
}
export interface DenseOptions {
  /** Default Glorot uniform, as Keras. */
  readonly kernelInit?: Initializer
  /** Default zeros. */
  readonly biasInit?: Initializer
}

/** `[n, ..., in]` to `[n, ..., units]`. Keras: `Dense`; PyTorch: `Linear` (there the kernel is transposed). */
export function dense(units: number, options: DenseOptions = {}): Layer<Dense> {
  const { kernelInit = glorotUniform(), biasInit = zeros } = options
  return stateless<Dense>(
    (key, input) => {
      const size = input[input.length - 1]
      if (size === undefined) shapeError(`dense(${units})`, '[..., in]', input)
      const [k, b] = random.split(key)
      return { params: { kernel: kernelInit(k, [size, units]), bias: biasInit(b, [units]) }, output: [...input.slice(0, -1), units] }
    },
    (p, x) => matmul(x, p.kernel).add(p.bias),
  )
}
