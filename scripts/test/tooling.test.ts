import * as fc from 'fast-check'
import { expect, inject, test } from 'vitest'

test('properties draw from the seed of the run', () => {
  expect(fc.readConfigureGlobal().seed).toBe(inject('seed'))
})

test('packages resolve to their sources', () => {
  expect(import.meta.resolve('@cotangent/core')).toMatch(/packages\/core\/src\/index\.ts$/)
})
