/** A worker of streams.test.ts. */
import { parentPort } from 'node:worker_threads'
import { type Port, serveBatches } from '../../src/data/serve.ts'

const column = Float32Array.of(0, 0)
serveBatches(
  parentPort as Port,
  function* ({ from, to, fail = false }: { readonly from: number; readonly to: number; readonly fail?: boolean }) {
    for (let i = from; i < to; i++) {
      // The same array again and again: it may not be given away.
      column.fill(i)
      yield { x: { data: column, shape: [2] } }
    }
    if (fail) throw new Error('no more')
  },
)
