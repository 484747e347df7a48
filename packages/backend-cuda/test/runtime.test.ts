/** The whole way: graphs and programs on the fake driver. */
import { add, array, init, jit, type Tensor } from '@cotangent/core'
import { expect, test } from 'vitest'
import { loader } from './kit.ts'

test('adds', async () => {
  const { name, backend } = await init({ backend: loader() })
  expect(name).toBe('cuda')
  const f = jit((x: Tensor, y: Tensor) => add(x, y).mul(2))
  expect([...f(array([1, 2, 3]), array([10, 20, 30])).dataSync()]).toEqual([22, 44, 66])
  expect([...(await f(array([1, 2, 3]), array([1, 1, 1])).data())]).toEqual([4, 6, 8])
  await backend.dispose()
})
