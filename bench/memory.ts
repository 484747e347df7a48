/**
 * Memory without disposing: `npx -y pnpm@12 bench:memory`.
 * 1. 100,000 eager operations on 1 MB tensors in one synchronous loop, nothing disposed, against the same loop with `dispose`: time and peak RSS,
 *    each in a process of its own.
 * 2. 10,000 jitted train steps of the MNIST perceptron: live bytes.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Tensor, array, init, jit, ones, random, tree, valueAndGrad } from '@cotangent/core'
import { adam, applyUpdates, dense, relu, serial, softmaxCrossEntropy } from '@cotangent/nn'

const OPERATIONS = 100_000
const ELEMENTS = 1 << 18 // 1 MB of float32

async function loop(dispose: boolean): Promise<void> {
  await init({ backend: 'cpu', threads: 1 })
  const one = ones([ELEMENTS])
  let x = ones([ELEMENTS])
  const start = performance.now()
  for (let i = 0; i < OPERATIONS; i++) {
    const y = x.add(one)
    if (dispose) x.dispose()
    x = y
  }
  const seconds = (performance.now() - start) / 1000
  if (x.dataSync()[0] !== OPERATIONS + 1) throw new Error(`wrong result ${x.dataSync()[0]}`)
  console.log(JSON.stringify({ seconds, peakMB: process.resourceUsage().maxRSS / 1024 }))
  process.exit(0)
}

async function steps(): Promise<void> {
  const { backend } = await init({ backend: 'cpu', threads: 1 })
  const model = serial(dense(64), relu, dense(10)),
    optimizer = adam(1e-3)
  const x = random.uniform(random.key(1), [32, 784]),
    y = array(
      Array.from({ length: 32 }, (_, i) => i % 10),
      { dtype: 'int32' },
    )
  let { params } = model.init(random.key(0), [784])
  let state = optimizer.init(params)
  const step = jit((p: typeof params, s: typeof state, a: Tensor, b: Tensor) => {
    const [value, g] = valueAndGrad((q: typeof params) => softmaxCrossEntropy(model.apply(q, a), b))(p)
    const [updates, next] = optimizer.update(g, s, p)
    return [applyUpdates(p, updates), next, value] as const
  })
  const live: Record<number, number> = {}
  for (let i = 1; i <= 10_000; i++) {
    const [p, s, value] = step(params, state, x, y)
    value.dispose()
    tree.leaves([params, state]).forEach(t => t.dispose())
    params = p
    state = s
    if (i === 10 || i % 1000 === 0) live[i] = backend.memory().live
  }
  console.log(JSON.stringify(live))
  process.exit(0)
}

async function child(mode: string): Promise<string> {
  const p = spawn(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), mode], { stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  for await (const chunk of p.stdout) out += String(chunk)
  return out
}

const mode = process.argv[2]
if (mode === 'dispose' || mode === 'leave') await loop(mode === 'dispose')
if (mode === 'steps') await steps()
const results: Record<string, { seconds: number; peakMB: number }[]> = { dispose: [], leave: [] }
for (let round = 0; round < 3; round++)
  for (const m of ['dispose', 'leave']) results[m]?.push(JSON.parse(await child(m)) as { seconds: number; peakMB: number })
const median = (m: string, key: 'seconds' | 'peakMB'): number => results[m]?.map(r => r[key]).sort((a, b) => a - b)[1] ?? NaN
for (const m of ['dispose', 'leave'])
  console.log(
    `${m === 'leave' ? 'nothing disposed' : 'with dispose'}: ${median(m, 'seconds').toFixed(2)} s for ${OPERATIONS} operations (${((median(m, 'seconds') * 1e6) / OPERATIONS).toFixed(1)} us each), peak RSS ${median(m, 'peakMB').toFixed(0)} MB`,
  )
console.log(`ratio ${(median('leave', 'seconds') / median('dispose', 'seconds')).toFixed(2)}`)
console.log(`live bytes after train steps: ${await child('steps')}`)
