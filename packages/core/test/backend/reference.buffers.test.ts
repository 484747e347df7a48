import { describe, expect, test } from 'vitest'
import { createReference } from '../../src/backend/reference.ts'
import { CotangentError } from '../../src/errors.ts'
import type { Kernel, KernelGraph, Load, Loop } from '../../src/lower/kernel.ts'
import { elementwise, graphOf, identity, run } from '../support/smallGraphs.ts'

describe('faults of a lowering are found', () => {
  const kindOf = (f: () => unknown): string => {
    try {
      f()
    } catch (e) {
      return e instanceof CotangentError ? `${e.kind} ${e.message}` : String(e)
    }
    return 'nothing'
  }
  const graph = (kernel: Kernel): KernelGraph => graphOf([kernel], [['float32', 4]], [['float32', 4]])
  const data = Float32Array.of(1, 2, 3, 4)

  test('a load out of range', () => {
    expect(kindOf(() => run(graph(elementwise(4, { map: { offset: 1, strides: [1] } })), data))).toMatch(
      /InternalError kernel 0 \(loop\): load of buffer b0 at element 4, but it has 4/,
    )
    expect(kindOf(() => run(graph(elementwise(4, { map: { offset: -1, strides: [1] } })), data))).toMatch(/load of buffer b0 at element -1/)
  })

  test('a store out of range, also in a nested kernel', () => {
    const store: Loop = { ...elementwise(4), stores: [{ buffer: 1, map: { offset: 1, strides: [1] }, value: 0 }] }
    expect(
      kindOf(() =>
        run(
          graphOf(
            [{ kind: 'scan', length: 1, reverse: false, counter: 2, body: [store] }],
            [['float32', 4]],
            [['float32', 4]],
            [['int32', 1]],
          ),
          data,
        ),
      ),
    ).toMatch(/kernel 0 \(scan\) > kernel 0 \(loop\): store of buffer b1 at element 4/)
  })

  test('but where a guard fails nothing is read', () => {
    const guarded = elementwise(4, { map: { offset: 1, strides: [1] }, guards: [{ index: identity, extent: 3 }] })
    expect(run(graph(guarded), data)).toEqual([Float32Array.of(2, 3, 4, 0)])
  })

  test('temporaries that were not written are NaN', () => {
    expect(run(graphOf([elementwise(2, { buffer: 2 })], [['float32', 2]], [['float32', 2]], [['float32', 2]]), data.slice(0, 2))).toEqual([
      Float32Array.of(NaN, NaN),
    ])
  })
})

describe('buffers', () => {
  const negate: Loop = {
    ...elementwise(3),
    epilogue: [...elementwise(3).epilogue, { op: 'neg', dtype: 'float32', args: [0] }],
    stores: [{ buffer: 1, map: identity, value: 1 }],
  }
  const donating: KernelGraph = { ...graphOf([negate], [['float32', 3]], [['float32', 3]]), donations: [0] }

  test('what is read or uploaded is a copy', async () => {
    const backend = createReference(),
      data = Float32Array.of(1, 2)
    const buffer = backend.upload(data, 'float32')
    data[0] = 9
    backend.readSync(buffer)[1] = 9
    expect(await backend.read(buffer)).toEqual(Float32Array.of(1, 2))
  })

  test('an input keeps its values unless it is donated; then it is gone', () => {
    const backend = createReference(),
      executable = backend.compile(donating)
    const x = backend.upload(Float32Array.of(1, 2, 3), 'float32')
    const [y] = executable.run([x])
    expect(backend.readSync(x)).toEqual(Float32Array.of(1, 2, 3))
    expect(backend.memory()).toMatchObject({ live: 24, buffers: 2 })
    const [z] = executable.run([x], [true])
    expect([y, z].map(b => b && backend.readSync(b))).toEqual([Float32Array.of(-1, -2, -3), Float32Array.of(-1, -2, -3)])
    expect(() => backend.readSync(x)).toThrow(/was freed/)
    expect(backend.memory()).toMatchObject({ live: 24, peak: 24, buffers: 2 })
  })

  test('a buffer that is passed twice is not overwritten', () => {
    const subtract: Loop = {
      ...negate,
      epilogue: [
        ...[0, 1].map(
          (buffer): Load => ({
            op: 'load',
            dtype: 'float32',
            buffer,
            map: { offset: buffer * 2, strides: [1 - 2 * buffer] },
          }),
        ),
        { op: 'sub', dtype: 'float32', args: [0, 1] },
      ],
      stores: [{ buffer: 2, map: identity, value: 2 }],
    }
    const backend = createReference(),
      x = backend.upload(Float32Array.of(1, 2, 4), 'float32')
    const executable = backend.compile({
      ...graphOf(
        [subtract],
        [
          ['float32', 3],
          ['float32', 3],
        ],
        [['float32', 3]],
      ),
      donations: [0, -1],
    })
    expect(executable.run([x, x], [true, true]).map(b => backend.readSync(b))).toEqual([Float32Array.of(-3, 0, 3)])
  })

  test('results that are inputs or constants are buffers of their own', () => {
    const graph: KernelGraph = {
      buffers: [
        { dtype: 'float32', size: 1, place: { kind: 'input', index: 0 } },
        { dtype: 'int32', size: 2, place: { kind: 'constant', data: Int32Array.of(7, 8) } },
      ],
      inputs: [0],
      outputs: [0, 1, 1],
      kernels: [],
      arena: 0,
      donations: [-1],
    }
    const backend = createReference(),
      x = backend.upload(Float32Array.of(5), 'float32')
    const results = backend.compile(graph).run([x], [true])
    expect(results.map(b => backend.readSync(b))).toEqual([Float32Array.of(5), Int32Array.of(7, 8), Int32Array.of(7, 8)])
    for (const b of results) backend.free(b)
    expect(backend.memory()).toMatchObject({ live: 0, buffers: 0 })
  })

  test('constants may lie anywhere in memory', () => {
    const bytes = new Uint8Array(13)
    new DataView(bytes.buffer).setFloat32(5, 1.5, true)
    const graph: KernelGraph = {
      ...donating,
      buffers: [...donating.buffers, { dtype: 'float32', size: 1, place: { kind: 'constant', data: bytes.subarray(5, 9) } }],
      outputs: [1, 2],
    }
    expect(run(graph, new Float32Array(3))[1]).toEqual(Float32Array.of(1.5))
  })

  test('wrong inputs, freed and foreign buffers are refused', () => {
    const backend = createReference(),
      executable = backend.compile(donating)
    const x = backend.upload(Float32Array.of(1, 2, 3), 'float32')
    expect(() => executable.run([])).toThrow(/takes 1 inputs, got 0/)
    expect(() => executable.run([backend.upload(Int32Array.of(1, 2, 3), 'int32')])).toThrow(
      /input 0 is float32 of 3 elements, got int32 of 3/,
    )
    expect(() => executable.run([{ dtype: 'float32', size: 3 }])).toThrow(/another backend/)
    backend.free(x)
    backend.free(x)
    expect(() => executable.run([x])).toThrow(/was freed/)
  })
})
