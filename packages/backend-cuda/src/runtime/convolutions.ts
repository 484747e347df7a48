/** Convolutions as plans of cuDNN. */
import type { ConvolutionShape, Precision } from '../command.ts'
import type { ConvolutionPlan } from './addon.ts'
import { LibraryPlans } from './libraryPlans.ts'
import type { Session } from './session.ts'

/** The number of cuDNN's algorithm for a convolution. */
export type AlgorithmOf = (shape: ConvolutionShape) => number

/**
 * CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM and CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1. Both give the same bits in each run; the forward
 * one is the only one that takes a bias without a relu.
 */
const usual: AlgorithmOf = () => 1

export class Convolutions extends LibraryPlans<ConvolutionShape, ConvolutionPlan> {
  constructor(session: Session, precision: Precision, algorithmOf: AlgorithmOf = usual) {
    const { device } = session
    super(session, {
      library: 'cuDNN',
      planOf: shape => convolutionPlanOf(shape, precision, algorithmOf(shape)),
      make: plan => (device.convolutions ? session.retrying(() => device.convolution(plan)) : undefined),
      release: handle => device.releaseConvolution(handle),
    })
  }
}

const epilogues = ['none', 'bias', 'biasRelu'] as const

/** cuDNN rounds float32 operands to TF32 or not at all: 'bf16' is given more than it asks for. */
function convolutionPlanOf(shape: ConvolutionShape, precision: Precision, algorithm: number): ConvolutionPlan {
  const { direction, channelsLast, batch, channels, image, filters, kernel, result, pad, stride, dilation, groups, epilogue } = shape
  return {
    direction: direction === 'forward' ? 0 : 1,
    epilogue: epilogues.indexOf(epilogue),
    algorithm,
    channelsLast,
    tensorCores: precision !== 'float32',
    batch,
    channels,
    height: image[0],
    width: image[1],
    filters,
    kernelHeight: kernel[0],
    kernelWidth: kernel[1],
    groups,
    resultHeight: result[0],
    resultWidth: result[1],
    padHeight: pad[0],
    padWidth: pad[1],
    strideHeight: stride[0],
    strideWidth: stride[1],
    dilationHeight: dilation[0],
    dilationWidth: dilation[1],
  }
}
