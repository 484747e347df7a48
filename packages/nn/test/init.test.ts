import { array, type DType, random } from '@cotangent/core'
import { expect, it } from 'vitest'
import * as init from '../src/init.ts'

const initializers = { zeros: init.zeros, ones: init.ones, constant: init.constant(2), normal: init.normal(), uniform: init.uniform() }
const scaled = { glorotUniform: init.glorotUniform(), heNormal: init.heNormal(), plain: init.varianceScaling(1, 'in', 'normal') }

it('initialisers give the dtype that is asked for, near the numbers of float32', () => {
  for (const f of Object.values({ ...initializers, ...scaled })) {
    const wide = f(random.key(1), [4, 6]).dataSync()
    for (const dtype of ['float16', 'bfloat16'] satisfies DType[]) {
      const x = f(random.key(1), [4, 6], dtype)
      expect(x.dtype).toBe(dtype)
      x.dataSync().forEach((v, i) => expect(Math.abs(v - (wide[i] as number))).toBeLessThan(0.02))
    }
  }
  expect(init.ones(random.key(0), [2]).dtype).toBe(array([1]).dtype)
})
