/** What tests of laws share: inputs of any shape, equality within a tolerance. */
import { expect } from 'vitest'
import { type Tensor, random } from '@cotangent/core'
import { close } from './numbers.ts'

export const normal = (shape: readonly number[], seed = 0): Tensor => random.normal(random.key(seed), shape)
export const same = (a: Tensor, b: Tensor, tolerance = 3e-6): void => {
  expect(a.shape).toEqual(b.shape)
  close(a, [...b.dataSync()], tolerance)
}
/** Runs of a property, each of which compiles. */
export const few = { numRuns: 5 } as const
