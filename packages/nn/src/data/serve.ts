/**
 * The worker's end of `workerBatches`. Arrays change hands without a copy, and several requests are on their way at once, since an answer takes a turn of both
 * event loops. It imports nothing, so that workers start at once.
 */
import type { Source } from '../train/events.ts'
import type { Columns } from './dataset.ts'

/** A Worker, a MessagePort, `parentPort`, or a worker's `self`. */
export interface Port {
  postMessage(message: unknown, transfer?: never): void
  addEventListener?(type: string, listener: (event: unknown) => void): void
  removeEventListener?(type: string, listener: (event: unknown) => void): void
  start?(): void
  on?(type: string, listener: (value: unknown) => void): unknown
  off?(type: string, listener: (value: unknown) => void): unknown
}
export type Request = { readonly stream: number } & (
  | { readonly type: 'open'; readonly options: unknown }
  | { readonly type: 'next'; readonly number: number }
  | { readonly type: 'close' }
)
export interface Answer {
  readonly stream: number
  readonly number: number
  /** Absent at the end. */
  readonly columns?: Columns
  readonly error?: string
}

/** Hears messages of a port. Gives the function that ends it. */
export function listen<T>(port: Port, type: string, f: (value: T) => void): () => void {
  // Threads of Node give the value itself, web workers an event.
  if (port.on !== undefined) {
    port.on(type, f as never)
    return () => void port.off?.(type, f as never)
  }
  const listener = (event: { readonly data?: unknown }): void => f((event.data ?? event) as T)
  port.addEventListener?.(type, listener as never)
  // Ports of a channel hold messages back until then.
  port.start?.()
  return () => port.removeEventListener?.(type, listener as never)
}

/**
 * In the worker: gives batches to whoever calls `workerBatches` with the other end. `source` gets its options, which are plain data.
 * @example
 * // loader.ts
 * serveBatches(parentPort ?? self, (options: { readonly epoch: number }) => readShard(options.epoch))
 */
export function serveBatches<O>(port: Port, source: (options: O) => Source<Columns>): void {
  const streams = new Map<number, AsyncIterator<Columns>>()
  const answer = async (iterator: AsyncIterator<Columns>, stream: number, number: number): Promise<void> => {
    try {
      const next = await iterator.next()
      const columns = next.done === true ? undefined : copies(next.value)
      const buffers = Object.values(columns ?? {}).map(c => c.data.buffer)
      port.postMessage({ stream, number, ...(columns && { columns }) } satisfies Answer, buffers as never)
    } catch (e) {
      port.postMessage({ stream, number, error: e instanceof Error ? e.message : String(e) } satisfies Answer)
    }
  }
  listen(port, 'message', (request: Request) => {
    const { type, stream } = request
    if (type === 'open')
      streams.set(
        stream,
        iteratorOf(() => source(request.options as O)),
      )
    else if (type === 'next') void answer(streams.get(stream) as AsyncIterator<Columns>, stream, request.number)
    else {
      void streams.get(stream)?.return?.()
      streams.delete(stream)
    }
  })
}

/** An async generator answers one request after another, however many wait. */
async function* iteratorOf<T>(open: () => Source<T>): AsyncGenerator<T, void, undefined> {
  yield* open()
}

/** Whoever made them may use them again: what is sent away is gone here. */
const copies = (columns: Columns): Columns =>
  Object.fromEntries(Object.entries(columns).map(([name, c]) => [name, { ...c, data: c.data.slice() }]))
