/** Writing: a character is drawn, read, and the next one drawn. */
import { type Key, type Tensor, type TreeOf, arange, array, divide, jit, random, scan } from '@cotangent/core'
import type { LanguageModel } from './models.ts'

export interface Writing {
  /** Ids to begin with, at least one. */
  readonly prompt: Int32Array
  /** Ids to write. */
  readonly length: number
  readonly temperature: number
  readonly key: Key
}

/** The ids of what the model writes behind the prompt. Half of the room is written at a time by one compiled scan; then the last half is read anew. */
export function write<P extends TreeOf<P>, S extends TreeOf<S>>(model: LanguageModel<P, S>, params: P, writing: Writing): Int32Array {
  const { prompt, length, temperature, key } = writing
  const half = Math.min(model.room / 2, 64)
  const read = jit((p: P, state: S, ids: Tensor) => model.read(p, state, ids))
  const draw = jit((p: P, first: S, last: Tensor, partKey: Key): readonly [ids: Tensor, logits: Tensor, state: S] => {
    const step = ({ state, logits }: Carry<S>, i: Tensor): readonly [Carry<S>, Tensor] => {
      const id = random.categorical(random.foldIn(partKey, i), divide(logits, temperature))
      const [next, moved] = model.read(p, state, id.reshape([1, 1]))
      return [{ state: moved, logits: next }, id]
    }
    const [{ state, logits }, ids] = scan(step, { state: first, logits: last }, arange(half))
    return [ids, logits, state]
  })
  const all = Array.from(prompt)
  const anew = (): readonly [logits: Tensor, state: S] => read(params, model.begin(), array([all.slice(-half)], { dtype: 'int32' }))
  let [logits, state] = anew()
  for (let part = 0; all.length < prompt.length + length; part++) {
    if (part > 0 && model.room !== Infinity) [logits, state] = anew()
    const [ids, nextLogits, nextState] = draw(params, state, logits, random.foldIn(key, part))
    all.push(...Array.from(ids.dataSync(), Number))
    ;[logits, state] = [nextLogits, nextState]
  }
  return Int32Array.from(all.slice(prompt.length, prompt.length + length))
}

interface Carry<S> {
  readonly state: S
  readonly logits: Tensor
}
