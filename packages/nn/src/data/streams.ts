/** Batches that do not fit into memory, or come from elsewhere: functions from (async) iterables to async iterables. Nothing runs before it is asked for. */
import { type Key, random } from '@cotangent/core'
import { fail } from '@cotangent/core/extend'
import type { Source } from '../train/events.ts'

type Stream<T> = AsyncGenerator<T, void, undefined>

/** `f` of each; a Promise is awaited. */
export async function* map<T, R>(source: Source<T>, f: (x: T, index: number) => R | Promise<R>): Stream<R> {
  let index = 0
  for await (const x of source) yield f(x, index++)
}

/** The first `count`. */
export async function* take<T>(source: Source<T>, count: number): Stream<T> {
  let left = count
  if (left > 0)
    for await (const x of source) {
      yield x
      if (--left <= 0) return
    }
}

/** `source(0)`, `source(1)`, ... one after another; without `times` for ever, which suits `fit` with `steps`. */
export async function* repeat<T>(source: (epoch: number) => Source<T>, times: number = Infinity): Stream<T> {
  for (let epoch = 0; epoch < times; epoch++) yield* source(epoch)
}

/** Lists of `size`, the last one perhaps shorter. */
export async function* chunk<T>(source: Source<T>, size: number): Stream<readonly T[]> {
  positive('chunk', size)
  let list: T[] = []
  for await (const x of source) {
    list.push(x)
    if (list.length < size) continue
    yield list
    list = []
  }
  if (list.length > 0) yield list
}

/** Every `size`th one from number `rank` on: the part of one of `size` workers. */
export async function* shard<T>(source: Source<T>, rank: number, size: number): Stream<T> {
  positive('shard', size)
  let i = 0
  for await (const x of source) if (i++ % size === rank) yield x
}

/** Random numbers for a buffer, drawn in one go. */
const DRAWS = 1024

/**
 * Nearly shuffled, with memory for `size` of them: each one is taken at random from a buffer that the next one fills. The key decides. TensorFlow:
 * `Dataset.shuffle`.
 */
export async function* shuffle<T>(source: Source<T>, size: number, key: Key): Stream<T> {
  positive('shuffle', size)
  const buffer: T[] = []
  const pick = picker(key)
  for await (const x of source) {
    if (buffer.length < size) {
      buffer.push(x)
      continue
    }
    const at = pick(size)
    yield buffer[at] as T
    buffer[at] = x
  }
  while (buffer.length > 0) {
    const at = pick(buffer.length)
    yield buffer[at] as T
    buffer[at] = buffer.at(-1) as T
    buffer.pop()
  }
}

/** Integers below a limit. */
function picker(key: Key): (limit: number) => number {
  let draws: ArrayLike<number> = [],
    at = 0,
    block = 0
  return limit => {
    if (at === draws.length) {
      draws = random.uniform(random.foldIn(key, block++), [DRAWS]).dataSync()
      at = 0
    }
    return Math.min(limit - 1, Math.floor((draws[at++] as number) * limit))
  }
}

/** Asks for `ahead` more while one is used: what is made elsewhere, by a worker or a server, is there in time. The order stays. */
export async function* prefetch<T>(source: AsyncIterable<T>, ahead: number = 2): Stream<T> {
  positive('prefetch', ahead)
  const iterator = source[Symbol.asyncIterator]()
  const ask = (): Promise<IteratorResult<T, unknown>> => {
    const answer = iterator.next()
    // Whoever waits for it hears of its failure; nobody may.
    answer.catch(() => {})
    return answer
  }
  const waiting = Array.from({ length: ahead + 1 }, ask)
  try {
    for (;;) {
      const next = await (waiting.shift() as Promise<IteratorResult<T, unknown>>)
      if (next.done === true) return
      waiting.push(ask())
      yield next.value
    }
  } finally {
    await iterator.return?.()
  }
}

function positive(where: string, n: number): void {
  if (!Number.isInteger(n) || n < 1) fail('ValueError', `${where}: needs a positive integer, got ${n}.`)
}
