/** In the page: milliseconds of contractions, up to each of their passes. */
import { type Executable, writesOf } from '@cotangent/core/kernel'
import {
  type Case,
  type ConvOptions,
  convForward,
  convInput,
  convWeight,
  matmul,
  randomData,
} from '../../core/test/support/contractions.ts'
import { graphOf } from '../../core/test/support/smallGraphs.ts'
import { WebglBackend } from '../src/backend.ts'
import { emitKernel } from '../src/kernels/emit.ts'

const image: ConvOptions = { n: 32, h: 28, w: 28, c: 8, o: 16, kh: 3, kw: 3, pad: [1, 1] }
const first: ConvOptions = { ...image, c: 1, o: 8 }
const layer: ConvOptions = { n: 8, h: 28, w: 28, c: 64, o: 64, kh: 3, kw: 3, pad: [1, 1] }

const cases: Readonly<Record<string, () => Case>> = {
  'matmul 256': () => matmul(256, 256, 256),
  'matmul 512': () => matmul(512, 512, 512),
  'matmul 1024': () => matmul(1024, 1024, 1024),
  'matmul 512, a transposed': () => matmul(512, 512, 512, { transposeA: true }),
  'matmul 512, b transposed': () => matmul(512, 512, 512, { transposeB: true }),
  'matmul 500': () => matmul(500, 500, 500),
  'matmul 501': () => matmul(501, 501, 501),
  'batch of 64, 64': () => matmul(64, 64, 64, { batch: 64 }),
  'dense 32 x 784 -> 64': () => matmul(32, 64, 784),
  'its weights': () => matmul(784, 64, 32, { transposeA: true }),
  'matmul 1024, sum of 8': () => matmul(1024, 1024, 8),
  'vector x 1024': () => matmul(1, 1024, 1024),
  'convolution 8 -> 16': () => convForward(image),
  'convolution 8 -> 16, weights': () => convWeight(image),
  'convolution 8 -> 16, input': () => convInput(image),
  'convolution 1 -> 8': () => convForward(first),
  'convolution 1 -> 8, weights': () => convWeight(first),
  'convolution 64 -> 64': () => convForward(layer),
  'convolution 64 -> 64, weights': () => convWeight(layer),
}

export interface Timing {
  readonly name: string
  /** With compilation. */
  readonly first: number
  readonly median: number
  readonly least: number
  /** Least milliseconds of the first pass alone, of the first two, ... */
  readonly passes: readonly (readonly [name: string, upTo: number])[]
}

export function measure(part: string, repetitions: number, inParts: boolean): readonly Timing[] {
  return Object.entries(cases)
    .filter(([name]) => name.includes(part))
    .map(([name, make]) => timingOf(name, make(), repetitions, inParts))
}

function timingOf(name: string, c: Case, repetitions: number, inParts: boolean): Timing {
  const names: string[] = []
  const whole = run(c, repetitions, Infinity, names)
  const sorted = whole.times.toSorted((a, b) => a - b)
  const passes = (inParts ? names : []).map((pass, k) => [pass, Math.min(...run(c, repetitions, k + 1).times)] as const)
  return { name, first: whole.first, median: sorted[sorted.length >> 1] as number, least: sorted[0] as number, passes }
}

/** Runs only the first `count` passes. */
function run({ contraction, buffers }: Case, repetitions: number, count: number, names: string[] = []): { first: number; times: number[] } {
  const emit: typeof emitKernel = (context, kernel) => {
    const passes = emitKernel(context, kernel)
    names.push(...passes.map(p => p.name))
    return passes.slice(0, count)
  }
  const backend = new WebglBackend({ memoryBudget: 2 ** 30, debug: false, emit })
  const stored = writesOf(contraction).length
  const spec = (b: Case['buffers'][number]) => [b.dtype, b.size] as const
  const graph = graphOf([contraction], buffers.slice(0, -stored).map(spec), buffers.slice(-stored).map(spec))
  const inputs = randomData(buffers.slice(0, -stored)).map(data => backend.upload(data, 'float32')),
    nothing = backend.upload(new Float32Array(4), 'float32')
  const timed = (f: () => void): number => {
    const start = performance.now()
    f()
    backend.readSync(nothing)
    return performance.now() - start
  }
  let executable: Executable
  const call = (): void => executable.run(inputs).forEach(b => backend.free(b))
  const compiling = timed(() => {
    executable = backend.compile(graph)
    call()
  })
  const times = Array.from({ length: repetitions }, () => timed(call))
  void backend.dispose()
  return { first: compiling, times }
}
