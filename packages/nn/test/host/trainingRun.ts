/** A training run as a process, for signals.test.ts: node trainingRun.ts CHECKPOINT STEPS. Says each step, and at the end the bits. */
import { createHash } from 'node:crypto'
import { init, random } from '@cotangent/core'
import { batches } from '../../src/data/index.ts'
import { fileCheckpoint, interruption } from '../../src/host/index.ts'
import { fit } from '../../src/index.ts'
import { bitsOf, sines, smallTrainer } from '../support/training.ts'

await init({ backend: 'reference' })
const [path = '', steps = ''] = process.argv.slice(2)
const { step, init: untrained } = smallTrainer()
const data = sines(64)
const result = await fit(step, untrained(random.key(7), [1]), epoch => batches(data, 8, { key: random.key(epoch) }), {
  epochs: 1000,
  steps: Number(steps),
  checkpoint: { store: fileCheckpoint(path), every: 2 },
  signal: interruption(),
  onEvent: e => console.log(e.type, e.step),
})
console.log(
  result.reason,
  createHash('sha256')
    .update(JSON.stringify(bitsOf(result.state)))
    .digest('hex'),
)
