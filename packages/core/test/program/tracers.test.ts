/** Traced values outside of their trace: the error names the traced function, the line that made the value, and the remedy. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { setBackend } from '../../src/backend/current.ts'
import { createReference } from '../../src/backend/reference.ts'
import { type CotangentError, debugTracers, foriLoop, grad, jit, jvp, scalar, scan, type Tensor, vmap, zeros } from '../../src/index.ts'

beforeAll(() => void setBackend(createReference()))
afterAll(() => void setBackend(null))

let kept: Tensor
const keep = (x: Tensor): Tensor => {
  kept = x
  return x
}
/** Makes a value that is kept, on this line. */
const leak = (x: Tensor): Tensor => keep(x.mul(2)).sum()
const madeAt = /, at leak \(.*tracers\.test\.ts:\d+:\d+\)\)/

const staged: Readonly<Record<string, () => unknown>> = {
  'jit of leak': () => jit(leak)(scalar(1)),
  'jit of a function': () => jit(grad(leak))(scalar(1)),
  scan: () => scan((c: Tensor, x: Tensor) => [leak(c).add(x), null], scalar(0), zeros([2])),
  foriLoop: () => foriLoop(0, 3, (_, c: Tensor) => leak(c), scalar(0)),
}
const eager: Readonly<Record<string, () => unknown>> = {
  'grad of leak': () => grad(leak)(scalar(1)),
  'vmap of leak': () => vmap(leak)(zeros([3])),
  jvp: () => jvp(leak, [scalar(1)], [scalar(1)]),
}

function errorOf(run: () => unknown): CotangentError {
  try {
    run()
  } catch (e) {
    return e as CotangentError
  }
  throw new Error('nothing was thrown')
}

describe('a leaked value', () => {
  for (const [what, run] of Object.entries(staged))
    it(`of ${what} has its line`, () => {
      run()
      const { kind, message } = errorOf(() => kept.add(1))
      expect(kind).toBe('TracerError')
      expect(message).toMatch(/^add: a traced value \(f32\[\]/)
      expect(message).toMatch(madeAt)
      expect(message).toMatch(/has returned.*Return it from the function/)
      expect(message).toMatch(/\n {2}at .*tracers\.test\.ts/)
    })
  for (const [what, run] of Object.entries(eager)) {
    it(`of ${what} has the operation that made it`, () => {
      run()
      expect(errorOf(() => kept.add(1)).message).toMatch(new RegExp(`made by mul in ${what}`))
    })
    it(`of ${what} has its line in debug mode`, () => {
      using _ = debugTracers()
      run()
      expect(errorOf(() => kept.add(1)).message).toMatch(madeAt)
    })
  }
  it('may be an argument', () => {
    jit(keep)(scalar(1))
    expect(errorOf(() => kept.add(1)).message).toMatch(/an argument in jit of keep\) is used after jit of keep has returned/)
  })
  it('names it where it is a result', () => {
    jit(leak)(scalar(1))
    expect(errorOf(() => vmap((x: Tensor) => x.add(kept))(zeros([2]))).message).toMatch(madeAt)
  })
})

it('a value without numbers names where it was made, and where they are asked for', () => {
  const ask = (x: Tensor): Tensor => (leak(x), scalar(kept.item()))
  expect(errorOf(() => jit(ask)(scalar(1))).message).toMatch(
    /^item: the value .*, at leak \(.*traced by jit of ask.*Branch with where, cond or switch_(.|\n)*\n {2}at ask \(/,
  )
})
