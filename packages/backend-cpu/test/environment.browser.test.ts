import { expect, test } from 'vitest'

test('the page is cross-origin isolated', () => {
  expect(crossOriginIsolated).toBe(true)
})

test('WebAssembly memory can be shared', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true })
  expect(memory.buffer).toBeInstanceOf(SharedArrayBuffer)
})
