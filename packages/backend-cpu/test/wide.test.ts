/** Contractions in 256-bit vectors: in processes of their own, since V8's flags are a process's. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { pairsVectors } from '../src/runtime/features.ts'

const fixture = fileURLToPath(new URL('fixtures/products.ts', import.meta.url))
/** Without Liftoff all code is that of the optimising compiler, which is the one that pairs vectors. */
const start = (flags: readonly string[], ...args: string[]): { readonly wide: boolean; readonly problem: string; readonly bits: string } =>
  JSON.parse(execFileSync(process.execPath, ['--no-liftoff', '--conditions=source', ...flags, fixture, ...args], { encoding: 'utf8' }))

test('nobody gets them unasked', () => {
  expect(pairsVectors(undefined)).toBe(false)
  expect(pairsVectors(false)).toBe(false)
})

describe.runIf(process.arch === 'x64')('on x64', () => {
  const narrow = start([])

  test('a process without the flag has none', () => expect(narrow).toMatchObject({ wide: false, problem: '' }))

  test.each([
    ['by the flag', ['--experimental-wasm-revectorize'], []],
    ['by the option', [], ['on']],
  ] as const)('%s, the bits are those of 128-bit vectors', (_, flags, args) => {
    expect(start(flags, ...args)).toEqual({ ...narrow, wide: true })
  })
})
