/** Convolutions as plans of cuDNN. */
import { fail } from '@cotangent/core/kernel'
import type { ConvolutionShape, Precision } from '../command.ts'
import type { ConvolutionPlan } from './addon.ts'
import type { Plan } from './products.ts'
import type { Session } from './session.ts'
import { Shared } from './shared.ts'

export class Convolutions {
  private readonly session: Session
  private readonly precision: Precision
  /** Undefined: what cuDNN does not take. */
  private readonly plans: Shared<string, Plan | undefined>

  constructor(session: Session, precision: Precision) {
    this.session = session
    this.precision = precision
    this.plans = new Shared(256, plan => {
      if (plan !== undefined && session.isOpen) session.call(() => session.device.releaseConvolution(plan.handle))
    })
  }

  /** Does cuDNN take it? The plan is kept for `take`. */
  supports(shape: ConvolutionShape): boolean {
    if (!this.session.device.convolutions) return false
    const plan = this.find(shape)
    this.give(shape)
    return plan !== undefined
  }

  take(shape: ConvolutionShape): Plan {
    return this.find(shape) ?? fail('InternalError', 'cuda: a convolution that cuDNN does not take. Please report it.')
  }

  give(shape: ConvolutionShape): void {
    this.plans.give(keyOf(convolutionPlanOf(shape, this.precision)))
  }

  private find(shape: ConvolutionShape): Plan | undefined {
    const plan = convolutionPlanOf(shape, this.precision)
    return this.plans.take(keyOf(plan), () => this.session.retrying(() => this.session.device.convolution(plan)))
  }
}

const keyOf = (plan: ConvolutionPlan): string => Object.values(plan).join(' ')

const epilogues = ['none', 'bias', 'biasRelu'] as const

/** cuDNN rounds float32 operands to TF32 or not at all: 'bf16' is given more than it asks for. */
export function convolutionPlanOf(shape: ConvolutionShape, precision: Precision): ConvolutionPlan {
  const { direction, channelsLast, batch, channels, image, filters, kernel, result, pad, stride, dilation, groups, epilogue } = shape
  return {
    direction: direction === 'forward' ? 0 : 1,
    epilogue: epilogues.indexOf(epilogue),
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
