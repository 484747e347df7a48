/**
 * Speed of contraction kernels on one thread, as a share of the engine's peak: a loop of fused multiply-adds on registers alone, timed
 * in turn with the kernels. Minima.
 * `node scripts/launch.mjs packages/backend-cpu/bench/contraction.ts [name part] [milliseconds a case] [unfused | wide]`
 */
import { pairsVectors } from '../src/runtime/features.ts'
import {
  type Case,
  type ConvOptions,
  convForward,
  convInput,
  convWeight,
  matmul,
  randomData,
  withEpilogue,
} from '../../core/test/support/contractions.ts'
import { compileContraction, runAll } from '../test/contraction-kit.ts'
import { peakMeter } from './peak.ts'

const same = { kh: 3, kw: 3, pad: [1, 1] } as const
const conv56: ConvOptions = { n: 8, h: 56, w: 56, c: 64, o: 64, ...same }
const conv2: ConvOptions = { n: 64, h: 14, w: 14, c: 32, o: 64, ...same }
const conv1: ConvOptions = { n: 64, h: 28, w: 28, c: 1, o: 32, ...same }
const conv224: ConvOptions = { n: 1, h: 224, w: 224, c: 3, o: 64, kh: 7, kw: 7, stride: 2, pad: [2, 3] }

const cases: Readonly<Record<string, () => Case>> = {
  '256^3': () => matmul(256, 256, 256),
  '512^3': () => matmul(512, 512, 512),
  '1024^3': () => matmul(1024, 1024, 1024),
  '512^3 tA': () => matmul(512, 512, 512, { transposeA: true }),
  '512^3 tB': () => matmul(512, 512, 512, { transposeB: true }),
  '1024^3 tA': () => matmul(1024, 1024, 1024, { transposeA: true }),
  '1024^3 tB': () => matmul(1024, 1024, 1024, { transposeB: true }),
  '32x64x784': () => matmul(32, 64, 784),
  '128x512x512': () => matmul(128, 512, 512),
  '784x64x32 tA': () => matmul(784, 64, 32, { transposeA: true }),
  '32x784x64 tB': () => matmul(32, 784, 64, { transposeB: true }),
  '64x128x3136': () => matmul(64, 128, 3136),
  '3136x128x64 tA': () => matmul(3136, 128, 64, { transposeA: true }),
  '64x3136x128 tB': () => matmul(64, 3136, 128, { transposeB: true }),
  '64x10x128': () => matmul(64, 10, 128),
  'matvec 1024': () => matmul(1024, 1, 1024),
  'vecmat 1024': () => matmul(1, 1024, 1024),
  '4x1024x1024': () => matmul(4, 1024, 1024),
  '16x1024x1024': () => matmul(16, 1024, 1024),
  '8x2048x2048': () => matmul(8, 2048, 2048),
  '8x2048x2048 tB': () => matmul(8, 2048, 2048, { transposeB: true }),
  'dot 1M': () => matmul(1, 1, 1 << 20),
  '10x10x100k tA': () => matmul(10, 10, 100000, { transposeA: true }),
  'QK 64x128x32': () => matmul(128, 128, 32, { batch: 64, transposeB: true }),
  'PV 64x128x32': () => matmul(128, 32, 128, { batch: 64 }),
  'tiny 4x4x4 x 10k': () => matmul(4, 4, 4, { batch: 10000 }),
  'conv56 forward': () => convForward(conv56),
  'conv56 input': () => convInput(conv56),
  'conv56 weight': () => convWeight(conv56),
  'conv2 forward': () => convForward(conv2),
  'conv2 input': () => convInput(conv2),
  'conv2 weight': () => convWeight(conv2),
  'conv224 forward': () => convForward(conv224),
  'conv224 weight': () => convWeight(conv224),
  'conv1 forward': () => convForward(conv1),
  'conv1 weight': () => convWeight(conv1),
  'conv1 forward relu': () => activated(convForward({ ...conv1, pad: [1, 1] }), 'relu'),
  'conv2 forward relu': () => activated(convForward(conv2), 'relu'),
  '128x512x512 relu': () => activated(matmul(128, 512, 512), 'relu'),
  '128x512x512 tanh': () => activated(matmul(128, 512, 512), 'tanh'),
  '32x64x784 relu': () => activated(matmul(32, 64, 784), 'relu'),
  'conv56 nchw': () => convForward({ ...conv56, nchw: true }),
  'conv7 512': () => convForward({ n: 4, h: 7, w: 7, c: 256, o: 256, ...same }),
  'conv7 512 weight': () => convWeight({ n: 4, h: 7, w: 7, c: 256, o: 256, ...same }),
  'depthwise 56': () => convForward({ ...conv56, c: 1, o: 1, groups: 64 }),
}

/** The case with a bias along its last parallel axis and an activation. */
function activated(c: Case, activation: 'relu' | 'tanh'): Case {
  const { extents, parallel } = c.contraction
  const strides = extents.slice(0, parallel).map((_, i) => (i === parallel - 1 ? 1 : 0))
  const bias = { dtype: 'float32', size: extents[parallel - 1] as number } as const
  return withEpilogue(
    c,
    [bias],
    first => [
      { op: 'load', buffer: first, dtype: 'float32', map: { offset: 0, strides } },
      { op: 'add', dtype: 'float32', args: [0, 1] },
      ...(activation === 'tanh'
        ? [{ op: 'tanh', dtype: 'float32', args: [2] } as const]
        : [{ op: 'const', dtype: 'float32', value: 0 } as const, { op: 'max', dtype: 'float32', args: [2, 3] } as const]),
    ],
    [activation === 'tanh' ? 3 : 4],
  )
}

const [pattern = '', budget = '300', mode] = process.argv.slice(2)
const engine = { fma: mode !== 'unfused', wide: mode === 'wide' && pairsVectors(true) }
const peak = peakMeter()
for (let i = 0; i < 200; i++) peak()
for (const [name, make] of Object.entries(cases)) {
  if (!name.includes(pattern)) continue
  const test = make()
  const compileStart = performance.now()
  const compiled = compileContraction(test, engine)
  const compileTime = performance.now() - compileStart
  randomData(test.buffers).forEach((d, i) => new Float32Array(compiled.memory.buffer).set(d, (compiled.addresses[i] as number) / 4))
  let best = Infinity
  let top = 0
  for (let run = 0, end = performance.now() + Number(budget); run < 30 || performance.now() < end; run++) {
    if (run % 4 === 0) top = Math.max(top, peak())
    const start = performance.now()
    runAll(compiled)
    best = Math.min(best, performance.now() - start)
  }
  const flops = 2 * test.contraction.extents.reduce((n, e) => n * e, 1)
  const rate = flops / best / 1e6
  const columns = [
    `${best.toFixed(4).padStart(9)} ms`,
    `${rate.toFixed(1).padStart(6)} GF`,
    `${((100 * rate) / top).toFixed(0).padStart(4)} %`,
    `tasks ${compiled.phases.map(p => p.tasks)}`,
    `${compiled.bytes} B`,
    `compile ${compileTime.toFixed(1)} ms`,
    `peak ${top.toFixed(1)}`,
  ]
  console.log(name.padEnd(20), ...columns)
}
