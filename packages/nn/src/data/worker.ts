/** Batches that a worker makes while this thread trains: a web worker, or a thread of Node. `serveBatches` is the other end. */
import { CotangentError } from '@cotangent/core'
import { type BatchOf, type Columns, dataset, tensorsOf } from './dataset.ts'
import { type Answer, type Port, type Request, listen } from './serve.ts'
import { prefetch } from './streams.ts'

export interface WorkerBatchesOptions {
  /** For `source` in the worker; plain data. */
  readonly options?: unknown
  /** Batches that are made in advance. Default 4. */
  readonly ahead?: number
}

let streams = 0

/**
 * The batches of a worker, as tensors. The worker stays, for the next epoch: who started it ends it.
 * @example
 * const worker = new Worker(new URL('./loader.ts', import.meta.url), { type: 'module' })
 * await fit(step, state, epoch => workerBatches<Digits>(worker, { options: { epoch } }), { epochs: 5 })
 */
export async function* workerBatches<C extends Columns>(
  worker: Port,
  { options, ahead = 4 }: WorkerBatchesOptions = {},
): AsyncGenerator<BatchOf<C>, void, undefined> {
  for await (const columns of prefetch(answers<C>(worker, options), ahead)) yield tensorsOf(dataset(columns)) as unknown as BatchOf<C>
}

interface Asker<C> {
  readonly resolve: (result: IteratorResult<C, undefined>) => void
  readonly reject: (reason: Error) => void
}

/** One stream of a worker. Requests may be made before the last one is answered. */
function answers<C extends Columns>(worker: Port, options: unknown): AsyncIterable<C> {
  const stream = streams++
  const waiting = new Map<number, Asker<C>>()
  let asked = 0,
    lost: Error | null = null
  const send = (request: Request): void => worker.postMessage(request)
  const lose = (why: string): void => {
    lost = new CotangentError('ValueError', `workerBatches: the worker failed: ${why}`)
    for (const { reject } of waiting.values()) reject(lost)
    waiting.clear()
  }
  const ends = [
    listen(worker, 'message', ({ stream: of, number, columns, error }: Answer) => {
      if (of !== stream) return
      if (error !== undefined) return lose(error)
      waiting.get(number)?.resolve(columns === undefined ? { done: true, value: undefined } : { done: false, value: columns as C })
      waiting.delete(number)
    }),
    listen(worker, 'error', (e: { readonly message?: string }) => lose(e.message ?? 'unknown')),
    listen(worker, 'exit', (code: number) => lose(`it ended with code ${code}`)),
  ]
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        if (lost !== null) return Promise.reject(lost)
        if (asked === 0) send({ type: 'open', stream, options })
        const number = asked++
        return new Promise((resolve, reject) => {
          waiting.set(number, { resolve, reject })
          send({ type: 'next', stream, number })
        })
      },
      return: () => {
        for (const end of ends) end()
        if (lost === null) send({ type: 'close', stream })
        return Promise.resolve({ done: true, value: undefined })
      },
    }),
  }
}
