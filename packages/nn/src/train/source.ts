/** Going through batches, from any of them on. */
import { described, fail } from '@cotangent/core/extend'
import type { Source } from './events.ts'

/** Batches that know how to begin later, as the iterators of ES2025 do. */
interface Droppable<B> {
  drop(count: number): Iterable<B>
}
const isDroppable = (source: unknown): source is Droppable<never> => typeof (source as { readonly drop?: unknown }).drop === 'function'

/** The batches but the first `count`, which are not made if the source can do without. */
export async function* from<B>(source: Source<B>, count: number): AsyncGenerator<B, void, undefined> {
  if (typeof source !== 'object' || source === null || !(Symbol.asyncIterator in source || Symbol.iterator in source))
    fail('ValueError', `fit: the batches must be iterable, or a function (epoch) => batches, got ${described(source)}.`)
  const rest: Source<B> = count > 0 && isDroppable(source) ? (source.drop(count) as Iterable<B>) : source
  let skip = rest === source ? count : 0
  for await (const batch of rest) if (skip-- <= 0) yield batch
}

/** Milliseconds of work after which others have a turn. */
const TURN = 10

declare const setImmediate: ((f: () => void) => unknown) | undefined

/** A task later, without the milliseconds that `setTimeout` takes in browsers. */
const nextTask = (): Promise<void> =>
  new Promise(resolve => {
    if (typeof setImmediate === 'function') return void setImmediate(resolve)
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })

/** A function to await between steps: signals, messages and finalizers have their turn every few milliseconds. */
export function taking(): () => Promise<void> | void {
  let since = performance.now()
  return () => {
    if (performance.now() - since < TURN) return
    return nextTask().then(() => void (since = performance.now()))
  }
}
