import { expect, test } from 'vitest'
import { addGraph, backendFor, GraphBuilder } from './kit.ts'

const floats = (...x: number[]): Float32Array => Float32Array.from(x)

test('a graph adds two buffers', () => {
  const backend = backendFor()
  const [a, b] = [backend.upload(floats(1, 2, 3), 'float32'), backend.upload(floats(10, 20, 30), 'float32')]
  const [out] = backend.compile(addGraph(3)).run([a, b])
  expect(backend.readSync(out!)).toEqual(floats(11, 22, 33))
  expect(backend.memory()).toEqual({ live: 192, peak: 192, buffers: 3 })
})

test('bool buffers are bytes on the host', () => {
  const backend = backendFor()
  const flags = backend.upload(new Uint8Array([0, 1, 7]), 'bool')
  expect(backend.readSync(flags)).toEqual(new Uint8Array([0, 1, 1]))
})

test('zero-size buffers go in and out', () => {
  const backend = backendFor()
  const empty = backend.upload(floats(), 'float32')
  const [out] = backend.compile(addGraph(0)).run([empty, empty])
  expect(backend.readSync(out!)).toEqual(floats())
})

test('free is idempotent and statistics return to zero', () => {
  const backend = backendFor()
  const a = backend.upload(floats(1), 'float32')
  backend.free(a)
  backend.free(a)
  expect(backend.memory()).toEqual({ live: 0, peak: 64, buffers: 0 })
  expect(() => backend.readSync(a)).toThrow(/freed/)
})

test('temporaries, constants and a result that is an input or a constant', () => {
  const backend = backendFor()
  const g = new GraphBuilder()
    .input('x', 4)
    .constant('c', floats(1, 2, 3, 4))
    .temporary('t', 4)
    .output('y', 4)
    .result('x')
    .result('c')
  const graph = g.build([g.map('t', ['mul', 'x', 'c']), g.map('y', ['add', 't', 1])])
  const executable = backend.compile(graph)
  const x = backend.upload(floats(1, 1, 2, 2), 'float32')
  const [y, same, constant] = executable.run([x])
  expect(backend.readSync(y!)).toEqual(floats(2, 3, 7, 9))
  backend.free(x)
  executable.dispose()
  expect(backend.readSync(same!)).toEqual(floats(1, 1, 2, 2))
  expect(backend.readSync(constant!)).toEqual(floats(1, 2, 3, 4))
  for (const b of [y, same, constant]) backend.free(b!)
  expect(backend.memory().live).toBe(0)
})

test('a donated input gives its memory to the output', () => {
  const backend = backendFor()
  const g = new GraphBuilder().input('x', 1000).output('y', 1000)
  const executable = backend.compile(g.build([g.map('y', ['add', 'x', 1])], [0]))
  const x = backend.upload(new Float32Array(1000).fill(1), 'float32')
  const [y] = executable.run([x], [true])
  expect(backend.memory()).toMatchObject({ peak: 4096, buffers: 1 })
  expect(backend.readSync(y!)[999]).toBe(2)
  expect(() => backend.readSync(x)).toThrow(/freed/)
})

test('a donated input that something else shares is left alone', () => {
  const backend = backendFor()
  const g = new GraphBuilder().input('x', 4).input('z', 4).output('y', 4)
  const executable = backend.compile(g.build([g.map('y', ['add', 'x', 'z'])], [0, -1]))
  const x = backend.upload(floats(1, 2, 3, 4), 'float32')
  const [y] = executable.run([x, x], [true, false])
  expect(backend.readSync(y!)).toEqual(floats(2, 4, 6, 8))

  const identity = new GraphBuilder().input('x', 4).result('x')
  const w = backend.upload(floats(1, 2, 3, 4), 'float32')
  const [alias] = backend.compile(identity.build([])).run([w])
  const [sum] = executable.run([w, alias!], [true, false])
  expect(backend.readSync(sum!)).toEqual(floats(2, 4, 6, 8))
  expect(backend.readSync(alias!)).toEqual(floats(1, 2, 3, 4))
})

test('a donated input without a taker is freed after the run', () => {
  const backend = backendFor()
  const [a, b] = [backend.upload(floats(1), 'float32'), backend.upload(floats(2), 'float32')]
  const [out] = backend.compile(addGraph(1)).run([a, b], [true, true])
  expect(backend.memory().buffers).toBe(1)
  expect(backend.readSync(out!)).toEqual(floats(3))
})

test('memory grows beyond its first size', () => {
  const backend = backendFor()
  const before = backend.heap.memory.size
  const n = 2 ** 22
  const a = backend.upload(new Float32Array(n).fill(1), 'float32')
  let x = a
  const executable = backend.compile(addGraph(n))
  for (let i = 0; i < 3; i++) x = executable.run([x, a])[0] as typeof x
  expect(backend.heap.memory.size).toBeGreaterThan(before + 4 * 4 * n - 2 ** 20)
  expect(backend.readSync(x)[n - 1]).toBe(4)
})
