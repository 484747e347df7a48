/** Networks that give back what they get through a narrow middle; one of them with a distribution there. Images are `[n, 784]` in 0..1. */
import { type Key, type Tensor, exp, mean, random, square, sum } from '@cotangent/core'
import { dense, relu, serial, sigmoidCrossEntropy } from '@cotangent/nn'

export interface Widths {
  readonly hidden: number
  readonly code: number
}
const PIXELS = 784

/** An encoder of `outputs` numbers, and a decoder of a code, which gives logits. */
export const coder = ({ hidden, code }: Widths, outputs: number = code) => ({
  encoder: serial(dense(hidden), relu, dense(outputs)),
  decoder: serial(dense(hidden), relu, dense(PIXELS)),
  code,
})
export type Coder = ReturnType<typeof coder>
export interface CoderParams {
  readonly encoder: ReturnType<Coder['encoder']['init']>['params']
  readonly decoder: ReturnType<Coder['decoder']['init']>['params']
}

export function initCoder({ encoder, decoder, code }: Coder, key: Key): CoderParams {
  const [forEncoder, forDecoder] = random.split(key)
  return { encoder: encoder.init(forEncoder, [PIXELS]).params, decoder: decoder.init(forDecoder, [code]).params }
}

/** Bits of information that logits miss of each image, in nats: `[n]`. Grey is taken as a probability. */
const missed = (logits: Tensor, x: Tensor): Tensor => sigmoidCrossEntropy(logits, x, { reduction: 'none' }).mul(PIXELS)

/** The mean over images `[n, 784]` of what an autoencoder's reconstruction misses. */
export const reconstructionLoss = ({ encoder, decoder }: Coder, params: CoderParams, x: Tensor): Tensor =>
  mean(missed(decoder.apply(params.decoder, encoder.apply(params.encoder, x)), x))

/** Mean and logarithm of the variance of the code of each image: `[n, code]`. */
export function posterior({ encoder, code }: Coder, params: CoderParams, x: Tensor): readonly [mu: Tensor, logVariance: Tensor] {
  const both = encoder.apply(params.encoder, x).reshape([-1, 2, code]).transpose([1, 0, 2])
  return [both.at(0).get(), both.at(1).get()]
}

/**
 * The negative evidence bound in nats: what the reconstruction of a sampled code misses, and how far its distribution is from a standard normal one. Kingma
 * and Welling 2014, https://arxiv.org/abs/1312.6114, appendix B. The encoder has `2 code` outputs.
 */
export function negativeBound(model: Coder, params: CoderParams, x: Tensor, key: Key): Tensor {
  const [mu, logVariance] = posterior(model, params, x)
  const code = mu.add(random.normal(key, mu.shape).mul(exp(logVariance.mul(0.5))))
  const divergence = sum(exp(logVariance).add(square(mu)).sub(logVariance).sub(1), { axis: 1 }).mul(0.5)
  return mean(missed(model.decoder.apply(params.decoder, code), x).add(divergence))
}
