/**
 * Programs as C++17, which NVRTC compiles: g++ reads them with CUDA's names declared. So a machine without NVIDIA's compiler finds what is C
 * and no C++. Machine code it cannot make, and neither can clang: both lack `ptxas`, which is the toolkit's (machineCode.test.ts).
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text as textOf } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { array, exp, jit, max, sum, type Tensor } from '@cotangent/core'
import { expect, test } from 'vitest'
import { setBackend } from '../../core/src/backend/current.ts'
import { backendFor, fakeDriver } from './kit.ts'
import { contractionForms, orderForms } from './support/forms.ts'

const header = fileURLToPath(new URL('./support/cuda.hpp', import.meta.url))
const flags = [
  '-std=c++17',
  '-fsyntax-only',
  '-Wall',
  '-Werror',
  '-Wno-unused',
  '-Wno-unknown-pragmas',
  '-Wno-parentheses',
  '-include',
  header,
]

/** What g++ says of a program: nothing. */
async function complaints(program: string): Promise<string> {
  const child = spawn('g++', [...flags, '-x', 'c++', '-'], { stdio: ['pipe', 'ignore', 'pipe'] })
  child.stdin.end(program)
  const [log] = await Promise.all([textOf(child.stderr), once(child, 'exit')])
  return log
}

/** What a softmax and its neighbours compile. */
async function softmaxPrograms(): Promise<readonly string[]> {
  const fake = await fakeDriver()
  fake.reset()
  fake.set({ keep: 1 })
  const backend = await backendFor()
  setBackend(backend)
  const softmax = (x: Tensor): Tensor => {
    const e = exp(x.sub(max(x, { axis: -1, keepdims: true })))
    return e.div(sum(e, { axis: -1, keepdims: true }))
  }
  for (const size of [5, 64, 1000]) jit(softmax)(array(new Float32Array(3 * size)).reshape([3, size])).dataSync()
  setBackend(null)
  await backend.dispose()
  const programs = fake.programs()
  fake.reset()
  return programs
}

test('every kind of program is C++17', async () => {
  const forms = [...orderForms().filter((_, i) => i % 3 === 0), ...contractionForms().filter((_, i) => i % 10 === 0)],
    left = [...(await softmaxPrograms()), ...forms.map(f => f.text)],
    problems: string[] = []
  expect(left.length).toBeGreaterThan(12)
  const work = async (): Promise<void> => {
    for (let program = left.pop(); program !== undefined; program = left.pop()) problems.push(await complaints(program))
  }
  await Promise.all([work(), work()])
  expect(problems.filter(p => p !== '')).toEqual([])
  expect(await complaints('void* f(int* p) { return p; } int* g(void* p) { return p; }')).toContain('invalid conversion')
})
