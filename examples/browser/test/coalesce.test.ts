import { expect, it } from 'vitest'
import { coalesce } from '../coalesce.ts'

it('runs once more for any number of calls meanwhile, and never twice at once', async () => {
  let runs = 0,
    running = 0,
    state = 0,
    seen = -1
  const call = coalesce(async () => {
    expect(++running).toBe(1)
    runs++
    seen = state
    await new Promise(resolve => setTimeout(resolve, 1))
    running--
  })
  const calls = [1, 2, 3, 4].map(n => {
    state = n
    return call()
  })
  await Promise.all(calls)
  expect([runs, seen]).toEqual([2, 4])
  await call()
  expect(runs).toBe(3)
})

it('can be called again after an error', async () => {
  let fail = true
  const call = coalesce(async () => {
    if (fail) throw new Error('once')
  })
  await expect(call()).rejects.toThrow('once')
  fail = false
  await expect(call()).resolves.toBeUndefined()
})
