// Host time of one training step of a jitted MLP: what the library, this backend and the addon need to order its kernels. On the fake driver
// with kernels that do nothing, so no time of a device is in it.
//   node scripts/launch.mjs packages/backend-cuda/bench/dispatch.ts
import { grad, init, jit, maximum, type Tensor, zeros } from '@cotangent/core'
import type { Buffer, Executable, KernelGraph } from '@cotangent/core/kernel'
import type { CudaBackend } from '../src/backend.ts'
import { fakeDriver, loader } from '../test/kit.ts'

const layers = [784, 512, 512, 10] as const
const batch = 128
interface Dense {
  readonly w: Tensor
  readonly b: Tensor
}
type Params = readonly Dense[]

const initial = (): Params => layers.slice(1).map((n, i) => ({ w: zeros([layers[i] as number, n]), b: zeros([n]) }))
const forward = (params: Params, x: Tensor): Tensor =>
  params.reduce((h, { w, b }, i) => (i === params.length - 1 ? h.matmul(w).add(b) : maximum(h.matmul(w).add(b), 0)), x)
const loss = (params: Params, x: Tensor, y: Tensor): Tensor => forward(params, x).sub(y).mul(forward(params, x).sub(y)).mean()
const step = jit(
  (params: Params, x: Tensor, y: Tensor): Params => {
    const g = grad(loss)(params, x, y)
    return params.map(({ w, b }, i) => ({ w: w.sub((g[i] as Dense).w.mul(0.1)), b: b.sub((g[i] as Dense).b.mul(0.1)) }))
  },
  { donate: [0] },
)

const fake = await fakeDriver()
fake.set({ noop: 1, eager: 1, poison: 0, redzones: 0 })
const backend = (await init({ backend: loader() })).backend as CudaBackend

/** The executable of the step, as core runs it. */
let compiled: { readonly executable: Executable; readonly graph: KernelGraph } | undefined
const compile = backend.compile.bind(backend)
backend.compile = graph => {
  const executable = compile(graph)
  if (compiled === undefined || graph.kernels.length > compiled.graph.kernels.length) compiled = { executable, graph }
  return executable
}

/** Median of 31 batches of 200 calls, in microseconds a call. */
function microseconds(call: () => void): string {
  const times = Array.from({ length: 31 }, () => {
    const start = performance.now()
    for (let i = 0; i < 200; i++) call()
    const time = ((performance.now() - start) * 1000) / 200
    backend.session.synchronize()
    return time
  }).sort((a, b) => a - b)
  return `${(times[15] as number).toFixed(1)} us (least ${(times[0] as number).toFixed(1)})`
}

let params = initial()
const x = zeros([batch, 784]),
  y = zeros([batch, 10])
params = step(params, x, y)
const { executable, graph } = compiled as { executable: Executable; graph: KernelGraph }
let buffers: Buffer[] = graph.inputs.map(id => {
  const { dtype, size } = graph.buffers[id] as KernelGraph['buffers'][number]
  return backend.upload(new Float32Array(size), dtype)
})
const donated = graph.donations.map(d => d >= 0)

const before = fake.calls()
const runOnce = (): void => {
  const results = executable.run(buffers, donated)
  const next = [...buffers]
  graph.donations.forEach((output, i) => {
    if (output >= 0) next[i] = results[output] as Buffer
  })
  buffers = next
}
console.log(`${graph.kernels.length} kernels, ${graph.inputs.length} inputs, ${graph.outputs.length} results`)
console.log(`executable.run: ${microseconds(runOnce)}`)
const after = fake.calls()
console.log(
  Object.entries(after)
    .flatMap(([name, n]) => (n - (before[name] ?? 0) >= 1000 ? [`${name} ${n - (before[name] ?? 0)}`] : []))
    .join(', '),
)
console.log(`jitted call:    ${microseconds(() => (params = step(params, x, y)))}`)
await backend.dispose()
