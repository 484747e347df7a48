/** Exact types of the parameters and state of every family of layers, and of the state of every optimiser, bare and through `grad`, `jit`, `vmap`, `scan`; compiled, never run. */
import { type Key, type Shape, type Tensor, grad, jit, scan, tree, valueAndGrad, vmap } from '@cotangent/core'
import * as nn from '@cotangent/nn'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function same<A>(): <B>(value: B, ...proof: Equal<A, B> extends true ? [] : [expected: A]) => void
declare const x: Tensor, key: Key, shape: Shape

// Layers whose types do not follow from options.
same<nn.Layer<nn.Conv>>()(nn.depthwiseConv1d(3))
same<nn.Layer<nn.Kernel>>()(nn.depthwiseConv2d(3, { useBias: false }))
same<nn.Layer<nn.SeparableConv>>()(nn.separableConv1d(4, 3))
same<nn.Layer<nn.SeparableConv>>()(nn.separableConv2d(4, 3))
same<nn.Layer<nn.Conv>>()(nn.conv1dTranspose(4, 3, { strides: 2 }))
same<nn.Layer<nn.Kernel>>()(nn.conv2dTranspose(4, 3, { useBias: false }))
same<nn.Layer<nn.Conv>>()(nn.patchEmbedding(4, 8))
same<nn.Layer<nn.ClassToken>>()(nn.classToken())
same<nn.Layer<nn.Prelu>>()(nn.prelu())
same<nn.Layer<nn.LayerNorm>>()(nn.layerNorm())
same<nn.Layer<nn.LayerNorm>>()(nn.groupNorm(2))
same<nn.Layer<nn.LayerNorm>>()(nn.instanceNorm())
same<nn.Layer<nn.Scale>>()(nn.rmsNorm())
same<nn.Layer<nn.LayerNorm, nn.BatchStatistics>>()(nn.batchNorm())
same<nn.Layer<nn.Recurrent>>()(nn.rnn(3))
same<nn.Layer<nn.Recurrent>>()(nn.lstm(3, { returnSequences: false }))
same<nn.Layer<nn.Gru>>()(nn.gru(3))
same<nn.Layer<readonly [nn.Recurrent, nn.Gru]>>()(nn.recurrent(nn.stackedCell(nn.lstmCell(3), nn.gruCell(3))))
same<nn.Layer<nn.Attention, null, nn.CrossInput>>()(nn.crossAttention(2))
same<nn.Layer<nn.FeedForward>>()(nn.feedForward(8))
same<nn.Layer<nn.GatedFeedForward>>()(nn.gatedFeedForward(8))
same<nn.Layer<nn.DecoderBlock, nn.KvCache, nn.CrossInput>>()(nn.decoderBlock({ heads: 2, cache: { batch: 1, length: 4 } }))
for (const layer of [nn.dropout(0.1), nn.alphaDropout(0.1), nn.spatialDropout(0.1), nn.gaussianNoise(1), nn.gaussianDropout(0.1)])
  same<nn.Layer<null>>()(layer)
for (const layer of [nn.maxPool1d(2), nn.avgPool3d(2), nn.globalAvgPool(), nn.adaptiveMaxPool2d(3)]) same<nn.Layer<null>>()(layer)
for (const f of [nn.upsample(2), nn.resize(3), nn.zeroPad(1), nn.crop(1), nn.permute(2, 1), nn.repeatVector(2), nn.reshapeTo([4])])
  same<Tensor>()(f(x))

// A model of several families, through transforms: the types stay what they were.
const model = nn.named({
  stem: nn.serial(nn.conv2d(4, 3, { useBias: false }), nn.batchNorm(), nn.relu),
  body: nn.residual(nn.serial(nn.depthwiseConv2d(3), nn.prelu())),
  head: nn.serial(nn.globalAvgPool(), nn.dense(3)),
})
interface Params {
  readonly stem: readonly [nn.Kernel, nn.LayerNorm, null]
  readonly body: readonly [nn.Conv, nn.Prelu]
  readonly head: readonly [null, nn.Dense]
}
interface State {
  readonly stem: readonly [null, nn.BatchStatistics, null]
  readonly body: null
  readonly head: null
}
const { params, state } = model.init(key, shape)
same<{ readonly [K in keyof Params]: Params[K] }>()(params)
same<{ readonly [K in keyof State]: State[K] }>()(state)
type P = typeof params
type S = typeof state
const loss = (p: P, s: S, a: Tensor): readonly [loss: Tensor, state: S] => {
  const [y, next] = model.step(p, s, a, { train: true })
  return [y.mean(), next]
}
same<readonly [P, S]>()(grad(loss, { hasAux: true })(params, state, x))
same<readonly [value: readonly [value: Tensor, aux: S], grad: P]>()(valueAndGrad(loss, { hasAux: true })(params, state, x))
same<readonly [loss: Tensor, state: S]>()(jit(loss)(params, state, x))
same<P>()(vmap((k: Key) => model.init(k, [8, 8, 1]).params)(key))
same<readonly [loss: Tensor, state: S]>()(vmap(loss, { inAxes: [0, null, null] })(params, state, x))
same<P>()(tree.map(t => t.neg(), params))

// Optimisers' states.
type Of<F extends nn.StateOf> = nn.StateFor<F, P>
const states = <F extends nn.StateOf>(t: nn.GradientTransformation<F>): Of<F> => t.init(params)
for (const t of [nn.sgd(1), nn.scaleBySchedule(() => 1)]) same<nn.SgdState>()(states(t))
for (const t of [nn.momentum(1), nn.trace(), nn.lars(1)]) same<nn.MomentumState<P>>()(states(t))
for (const t of [nn.adam(), nn.adamw(), nn.lamb(1), nn.radam(), nn.adamax(), nn.adabelief(), nn.yogi()]) same<nn.AdamState<P>>()(states(t))
same<nn.AmsgradState<P>>()(states(nn.amsgrad()))
same<nn.NadamState<P>>()(states(nn.nadam()))
same<nn.NovogradState<P>>()(states(nn.novograd(1)))
same<nn.AdagradState<P>>()(states(nn.adagrad(1)))
same<nn.AdadeltaState<P>>()(states(nn.adadelta()))
same<nn.RmspropState<P>>()(states(nn.rmsprop(1)))
same<nn.RpropState<P>>()(states(nn.rprop()))
same<nn.LionState<P>>()(states(nn.lion(1)))
same<nn.AdafactorState>()(states(nn.adafactor(1)))
same<nn.Sm3State<P>>()(states(nn.sm3(1)))
same<nn.SophiaState<P>>()(states(nn.sophia(1, key)))
same<nn.ProdigyState<P>>()(states(nn.prodigy()))
same<nn.EmaState<P>>()(states(nn.ema(0.9)))
same<nn.EmaState<P>>()(states(nn.muonOfMatrices(1)))
same<nn.LbfgsState>()(states(nn.lbfgs()))
same<nn.AddNoiseState>()(states(nn.addNoise(key, { eta: 1 })))
same<nn.PlateauState>()(states(nn.reduceOnPlateau()))
same<{ readonly matrices: nn.EmaState<nn.Leaves>; readonly others: nn.AdamState<nn.Leaves> }>()(states(nn.muon(1)))
for (const t of [nn.clip(1), nn.clipByGlobalNorm(1), nn.clipByBlockRms(1), nn.adaptiveGradClip(1), nn.zeroNans(), nn.scale(1)])
  same<null>()(states(t))
for (const t of [nn.setToZero(), nn.identity(), nn.scaleByTrustRatio(), nn.addDecayedWeights(1), nn.keepParamsNonnegative()])
  same<null>()(states(t))
// Around another.
same<nn.AdamState<P>>()(states(nn.sam(nn.adam())))
same<nn.LookaheadState<P, nn.AdamState<P>>>()(states(nn.lookahead(nn.adam())))
same<nn.AccumulateState<P, nn.AdamState<P>>>()(states(nn.accumulate(nn.adam(), 2)))
same<nn.ApplyIfFiniteState<nn.AdamState<P>>>()(states(nn.applyIfFinite(nn.adam(), 2)))
same<nn.ScheduleFreeState<P, nn.SgdState>>()(states(nn.scheduleFree(nn.sgd(1), 1)))
same<nn.AdamState<nn.Leaves>>()(states(nn.masked(nn.adam(), () => true)))
same<null>()(states(nn.freeze(() => true)))
same<{ readonly a: nn.AdamState<nn.Leaves>; readonly b: nn.SgdState }>()(states(nn.partition({ a: nn.adam(), b: nn.sgd(1) }, () => 'a')))
const injected = states(nn.injectHyperparams({ rate: 1 }, h => nn.adam(h.rate)))
same<nn.AdamState<P>>()(injected.inner)
same<Tensor>()(injected.hyperparams.rate)
same<readonly [null, nn.AdamState<P>, readonly [nn.EmaState<P>]]>()(states(nn.chain(nn.clip(1), nn.adam(), nn.chain(nn.ema(0.9)))))

// A step with them under scan and jit.
const optimizer = nn.chain(nn.clipByGlobalNorm(1), nn.lookahead(nn.adamw()))
type Inner = readonly [null, nn.LookaheadState<P, nn.AdamState<P>>]
const steps = jit((p: P, s: S, o: Inner, xs: Tensor) =>
  scan(
    ([q, t, u]: readonly [P, S, Inner], a: Tensor) => {
      const [[value, next], g] = valueAndGrad(loss, { hasAux: true })(q, t, a)
      const [updates, moved] = optimizer.update(g, u, q)
      return [[nn.applyUpdates(q, updates), next, moved] as const, value] as const
    },
    [p, s, o] as const,
    xs,
  ),
)
const [[p1, s1, o1], values] = steps(params, state, optimizer.init(params), x)
same<P>()(p1)
same<S>()(s1)
same<Inner>()(o1)
same<Tensor>()(values)
