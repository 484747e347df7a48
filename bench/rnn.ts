/**
 * Forward and backward of a recurrent network over characters, its step written with `scan`, against PyTorch in turn in one run:
 * `npx -y pnpm@12 bench:rnn [rounds]`. Needs python3 with torch (Debian: python3-torch).
 *
 * PyTorch runs it twice: as the same loop written in Python, and by `nn.RNN`, whose loop is C++ and which multiplies the inputs of all
 * steps at once.
 */
import { fileURLToPath } from 'node:url'
import { type Tensor, array, init, jit, scan, tanh, valueAndGrad, zeros } from '@cotangent/core'
import { softmaxCrossEntropy } from '@cotangent/nn'
import { median, printedBy, printedBySelf } from './measuring.ts'

const UNITS = 128,
  STEPS = 64,
  BATCH = 32,
  CHARACTERS = 64,
  SAMPLES = 100

interface CharRnn {
  readonly embedding: Tensor
  readonly wx: Tensor
  readonly wh: Tensor
  readonly b: Tensor
  readonly wy: Tensor
  readonly by: Tensor
}

/** Text is int32 [steps, batch]; the loss is the mean cross-entropy of the next characters. */
function loss({ embedding, wx, wh, b, wy, by }: CharRnn, text: Tensor, next: Tensor): Tensor {
  const step = (h: Tensor, character: Tensor): readonly [Tensor, Tensor] => {
    const state = tanh(embedding.at(character).get().matmul(wx).add(h.matmul(wh)).add(b))
    return [state, state.matmul(wy).add(by)]
  }
  const [, logits] = scan(step, zeros([BATCH, UNITS]), text)
  return softmaxCrossEntropy(logits, next)
}

/** The same numbers in both languages. */
const wave = (rows: number, columns: number, phase: number): Tensor =>
  array(Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => Math.sin(i * columns + j + phase) / 10)))
const characters = (shift: number): Tensor =>
  array(
    Array.from({ length: STEPS }, (_, t) =>
      Array.from({ length: BATCH }, (_, n) => (7 * (t + shift) + 11 * n + (t + shift) * n) % CHARACTERS),
    ),
    { dtype: 'int32' },
  )

interface Measured {
  readonly ms: number
  readonly loss: number
}

/** Median of calls, each waited for. */
function own(): Measured {
  const params: CharRnn = {
    embedding: wave(CHARACTERS, UNITS, 0),
    wx: wave(UNITS, UNITS, 1),
    wh: wave(UNITS, UNITS, 2),
    b: zeros([UNITS]),
    wy: wave(UNITS, CHARACTERS, 3),
    by: zeros([CHARACTERS]),
  }
  const text = characters(0),
    next = characters(1)
  const step = jit(valueAndGrad(loss))
  const times: number[] = []
  let value = NaN
  for (let i = 0; i < SAMPLES + SAMPLES / 5; i++) {
    const start = performance.now()
    const [y, gradient] = step(params, text, next)
    value = y.item()
    times.push(performance.now() - start)
    y.dispose()
    for (const t of Object.values(gradient)) (t as Tensor).dispose()
  }
  return { ms: median(times.slice(SAMPLES / 5)), loss: value }
}

if (process.argv[2] === 'own') {
  await init({ backend: 'cpu', threads: Number(process.argv[3]) })
  console.log(JSON.stringify(own()))
  process.exit(0)
}

const torch = (kind: 'loop' | 'module', threads: number): Promise<Measured> =>
  printedBy(process.env['PYTHON'] ?? '/usr/bin/python3', [
    fileURLToPath(new URL('rnn_torch.py', import.meta.url)),
    kind,
    String(threads),
    String(SAMPLES),
  ])
const runs: Record<string, () => Promise<Measured>> = {}
for (const threads of [1, 2]) {
  runs[`cotangent, ${threads} thread${threads > 1 ? 's' : ''}`] = () => printedBySelf(import.meta.url, 'own', threads)
  runs[`torch loop, ${threads}`] = () => torch('loop', threads)
  runs[`torch nn.RNN, ${threads}`] = () => torch('module', threads)
}
const all: Record<string, Measured[]> = Object.fromEntries(Object.keys(runs).map(name => [name, []]))
for (let round = 0; round < Number(process.argv[2] ?? 3); round++)
  for (const [name, run] of Object.entries(runs)) all[name]?.push(await run())
for (const [name, results] of Object.entries(all))
  console.log(
    `${name.padEnd(22)} ${median(results.map(r => r.ms)).toFixed(2)} ms (${results.map(r => r.ms.toFixed(2)).join(' ')}), loss ${results[0]?.loss.toFixed(5)}`,
  )
