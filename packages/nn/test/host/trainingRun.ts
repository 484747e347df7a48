/** A training run as a process, for signals.test.ts: node trainingRun.ts CHECKPOINT STEPS. Says each step, and at the end the bits. */
import { createHash } from 'node:crypto'
import { init, random } from '@cotangent/core'
import { batches } from '../../src/data/index.ts'
import { fileCheckpoint, interruption } from '../../src/host/index.ts'
import { type FitOptions, fit } from '../../src/index.ts'
import { type SmallState, bitsOf, sines, smallTrainer } from '../support/training.ts'

/** Why it ended, and a hash of the bits then. */
export async function trainTo(steps: number, options: FitOptions<SmallState> = {}): Promise<string> {
  const { step, init: untrained } = smallTrainer(),
    data = sines(64)
  const source = (epoch: number) => batches(data, 8, { key: random.key(epoch) })
  const { reason, state } = await fit(step, untrained(random.key(7), [1]), source, { epochs: 1000, steps, ...options })
  return `${reason} ${createHash('sha256')
    .update(JSON.stringify(bitsOf(state)))
    .digest('hex')}`
}

const [, main = '', path = '', steps = ''] = process.argv
if (main === import.meta.filename) {
  await init({ backend: 'reference' })
  const checkpoint = { store: fileCheckpoint(path), every: 2 }
  console.log(await trainTo(Number(steps), { checkpoint, signal: interruption(), onEvent: e => console.log(e.type, e.step) }))
}
