import { fc, test as property } from '@fast-check/vitest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConvolutionPlan, type Device, Operation, type ProductPlan } from '../src/runtime/addon.ts'
import { type Command, convolution, copy, fill, graph, launch, loop, product, type Triple, type Word, words } from './support/commands.ts'
import { type Bench, errorOf, imagePlan, ints, type Loaded, load, one, prepare, single } from './support/device.ts'

let bench: Bench
let device: Device
let loaded: Loaded
/** 4096 bytes; the list of `append` is at its end. */
let memory: number
let list: number
let convolver: number
/** Handles of every kind and addresses in and around the memory: what makes random words nearly right. */
let known: readonly number[]

const shape = { type: 0, compute: 68, rows: 4, columns: 4, sum: 4, batch: 1, transposeA: false, transposeB: false }
const strides = { leadingA: 4, leadingB: 4, leadingResult: 4, strideA: 0, strideB: 0, strideResult: 0 }
const productPlan: ProductPlan = { ...shape, ...strides, epilogue: 1 }

beforeAll(async () => {
  bench = await prepare()
  bench.fake.reset()
  device = bench.open()
  loaded = load(device)
  memory = device.allocate(4096)
  list = memory + 2048
  const planned = device.product(productPlan)
  const recorded = device.capture(...words(fill(memory, 1, 4)))
  convolver = device.convolution(imagePlan)?.handle ?? 0
  known = [
    ...Object.values(loaded.functions),
    loaded.module,
    planned.handle,
    convolver,
    recorded,
    memory,
    memory + 64,
    memory + 4092,
    memory + 4096,
  ]
})
afterAll(() => device.close())

const refusal = (...commands: readonly Command[]): string => errorOf(() => device.execute(...words(...commands))).message

describe('what a buffer must be', () => {
  test('an ArrayBuffer with that many words', () => {
    const execute = device.execute.bind(device) as (...args: readonly unknown[]) => unknown
    const detached = new ArrayBuffer(8)
    structuredClone(detached, { transfer: [detached] })
    for (const args of [
      [],
      [new ArrayBuffer(15), 2],
      [new ArrayBuffer(16), -1],
      [new ArrayBuffer(16), 1.5],
      [new ArrayBuffer(16), NaN],
      [new ArrayBuffer(16), 2 ** 53],
      [new Uint8Array(16), 1],
      [new SharedArrayBuffer(16), 1],
      [detached, 1],
      ['words', 1],
      [null, 0],
    ])
      expect(() => execute(...args)).toThrow(TypeError)
  })

  test('lengths, operations and numbers of arguments', () => {
    const { append } = loaded.functions
    expect(refusal([[Operation.fill, 0]])).toBe('command at word 0: the length is wrong')
    expect(refusal(fill(memory, 0, 4), [[Operation.fill, 5], memory, 0, 4])).toBe('command at word 4: the length is wrong')
    expect(refusal([[Operation.copy, 3], memory, memory + 8])).toContain('length')
    expect(refusal([[8, 1]])).toBe('command at word 0: unknown operation 8')
    expect(refusal([[0, 1]])).toContain('unknown operation 0')
    expect(refusal(single(append, [list]))).toContain('number of arguments')
    expect(refusal([[Operation.launch, 5], append, [1, 1], [1, 1], [1, 1]])).toContain('length')
  })

  test('handles of their own kind', () => {
    expect(refusal(single(loaded.module, [list, 1]))).toContain('no function')
    expect(refusal(single(0, []))).toContain('no function')
    expect(refusal(single(loaded.functions.append + 2 ** 24, [list, 1]))).toContain('no function')
    expect(refusal(graph(loaded.functions.append))).toContain('no graph')
    expect(refusal(product(loaded.functions.append, memory, memory, memory))).toContain('no product')
  })

  test('convolutions', () => {
    const by = (image: number, other: number, result: number, bias: number, workspace: number): string =>
      refusal(convolution(convolver, image, other, result, bias, workspace))
    const space = memory + 1024
    device.execute(...words(convolution(convolver, memory, memory + 64, memory + 128, memory + 192, space)))
    expect(refusal(convolution(loaded.module, memory, memory, memory))).toContain('no convolution')
    expect(refusal([[Operation.convolution, 6], convolver, memory, memory, memory, memory])).toContain('length')
    expect(by(memory + 4, memory, memory, memory, space)).toContain('aligned to 16')
    expect(by(memory, memory, memory, memory + 8, space)).toContain('aligned to 16')
    expect(by(memory, memory, memory, 0, space)).toContain('bias')
    expect(by(memory, memory, memory, memory, space + 16)).toContain('256')
    expect(by(memory, memory, memory, memory, memory + 3328)).toContain('live allocation')
    expect(by(memory + 4064, memory, memory, memory, space)).toContain('36 bytes')
    expect(by(memory, memory + 4096, memory, memory, space)).toContain('16 bytes')
  })

  test('plans of convolutions', () => {
    const planned = (change: Partial<Record<keyof ConvolutionPlan, unknown>>): string =>
      errorOf(() => device.convolution({ ...imagePlan, ...change } as ConvolutionPlan)).message
    for (const name of Object.keys(imagePlan) as (keyof ConvolutionPlan)[])
      for (const value of [-1, 1.5, 2 ** 31, NaN, undefined, 'x']) expect(planned({ [name]: value })).toContain(name)
    expect(planned({ direction: 1 })).toContain('epilogue')
    expect(planned({ groups: 2 })).toContain('groups')
    expect(planned({ resultHeight: 3 })).toContain('another size')
    expect(planned({ height: 1 })).toContain('another size')
    expect(planned({ batch: 2 ** 30 })).toContain('2^31')
    expect(planned({ height: 2 ** 30 + 1, resultHeight: 2 ** 30, channels: 2 ** 30 })).toContain('2^31')
    expect(() => device.releaseConvolution(convolver + 2 ** 24)).toThrow(TypeError)
  })

  test('grids and blocks that a device has', () => {
    const { append } = loaded.functions
    const shaped = (grid: Triple, block: Triple): string => refusal(launch(append, grid, block, [list, 1]))
    for (const grid of [
      [0, 1, 1],
      [2 ** 31, 1, 1],
      [1, 65536, 1],
      [1, 1, 65536],
    ] as const)
      expect(shaped(grid, one)).toContain('grid')
    for (const block of [
      [0, 1, 1],
      [2, 1, 1],
      [1, 1, 65],
      [2 ** 16, 2 ** 16, 1],
    ] as const)
      expect(shaped(one, block)).toContain('block')
  })

  test('addresses of live memory', () => {
    expect(refusal(single(loaded.functions.append, [memory - 4, 1]))).toBe(
      `command at word 0: argument 0 of append is no address: ${memory - 4}`,
    )
    expect(refusal(fill(memory + 4000, 0, 97))).toContain('live allocation')
    expect(refusal(copy(memory, memory + 4095, 2))).toContain('live allocation')
    expect(refusal(copy(memory, memory + 7, 8))).toContain('overlap')
    expect(refusal(fill(memory, 256, 4))).toContain('byte')
    expect(refusal([[Operation.fill, 4], memory, 0, [4, 0x80000000]])).toContain('live allocation')
  })

  test('loops that are whole, shallow and finite', () => {
    const { append } = loaded.functions
    const nested = (depth: number): Command => (depth === 0 ? fill(memory, 0, 1) : loop(1, false, 0, nested(depth - 1)))
    device.execute(...words(nested(8)))
    expect(refusal(nested(9))).toContain('deep')
    expect(refusal(loop(2 ** 31, false, 0))).toContain('count')
    expect(refusal([[Operation.loop, 3], [1, 2], 0])).toContain('count')
    expect(refusal([[Operation.loop, 2], 1])).toContain('length')
    expect(refusal([[Operation.loop, 4], [1, 0], 0, [Operation.fill, 4]], [memory, 0, 4])).toContain('length')
    expect(refusal(loop(2, false, memory + 2))).toContain('aligned')
    expect(refusal(loop(2, false, memory + 4096))).toContain('live allocation')
    expect(refusal(loop(2 ** 16, false, 0, loop(2 ** 16, false, 0)))).toContain('too many')
    expect(refusal(single(append, [list, 0], 0b10))).toContain('loop')
    expect(refusal(loop(2, false, 0, single(append, [list, 1], 0b10)))).toContain('loop')
    expect(refusal(loop(2, false, 0, single(append, [0, 0], 0b01)))).toContain('loop')
    expect(refusal(loop(2, false, 0, single(append, [list, 0], 0b110)))).toContain('counter')
  })

  test('a graph holds no graphs', () => {
    const recorded = device.capture(...words(fill(memory, 1, 4)))
    expect(() => device.capture(...words(graph(recorded)))).toThrow(/part of a graph/)
    expect(() => device.capture(...words([[9, 1]]))).toThrow(TypeError)
  })

  test('nothing of a refused buffer is ordered', () => {
    device.execute(...words(fill(list, 0, 8)))
    const { append } = loaded.functions
    const good = single(append, [list, 1])
    for (const bad of [fill(memory, 300, 4), single(append, [list]), [[99, 1]] as Command]) {
      refusal(good, good, bad)
      refusal(loop(3, false, 0, good, bad))
      expect(() => device.time(...words(good, bad), 2)).toThrow(TypeError)
      expect(() => device.capture(...words(good, bad))).toThrow(TypeError)
    }
    expect(ints(device, list, 1)).toEqual([0])
  })
})

test('arguments that close their device while they are read meet a closed device', () => {
  const text = 'KERNEL(1) f(int *a) { a[0] = 1; }'
  /** A copy of which one property is there after the device was closed. */
  const closing = <T extends object>(own: Device, copy: T, name: keyof T): T => {
    const value = copy[name]
    return Object.defineProperty(copy, name, { get: () => (own.close(), value) })
  }
  const calls: readonly ((own: Device) => unknown)[] = [
    own => own.product(closing(own, { ...productPlan }, 'epilogue')),
    own => own.convolution(closing(own, { ...imagePlan }, 'dilationWidth')),
    own => own.compile(text, closing(own, ['--gpu-architecture=sm_90'], 0)),
    own => own.compileAsync(text, closing(own, ['--gpu-architecture=sm_90'], 0)),
  ]
  for (const call of calls) expect(errorOf(() => call(bench.open()))).toMatchObject({ code: 'ERR_CUDA', status: 709 })
})

/** Executes or refuses; the device goes on working. What launches is not run: random arguments may write anywhere in live memory. */
function survives(buffer: ArrayBuffer, count: number): void {
  bench.fake.set({ noop: 1 })
  try {
    device.execute(buffer, count)
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
  }
  device.synchronize()
  bench.fake.set({ noop: 0 })
  const probe = Int32Array.of(12345)
  device.write(memory, probe)
  expect(ints(device, memory, 1)).toEqual([12345])
}

describe('any words are refused or valid', () => {
  property.prop([fc.uint8Array({ maxLength: 400 })], { numRuns: 500 })('random bytes', bytes => {
    survives(bytes.slice().buffer, Math.floor(bytes.length / 8))
  })

  const small = fc.nat({ max: 8 })
  /** Built from what the addon knows, so that many are nearly right. */
  const word: fc.Arbitrary<Word> = fc.oneof(
    fc.nat({ max: 12 }).map(index => known[index % known.length] ?? 0),
    small,
    fc.tuple(small, small),
    fc.tuple(fc.integer({ min: 1, max: 7 }), fc.nat({ max: 12 })),
    fc.maxSafeNat(),
  )

  property.prop([fc.array(word, { maxLength: 60 })], { numRuns: 1000 })('words of a command buffer, in any order', all => {
    survives(...words(all))
  })

  const command = (): fc.Arbitrary<Command> =>
    fc.oneof(
      fc.constantFrom('append', 'appendFrom').map(name => single(loaded.functions[name as 'append'], [list, list])),
      fc.tuple(small, fc.nat({ max: 5000 })).map(([value, bytes]) => fill(memory, value, bytes)),
      fc.tuple(fc.nat({ max: 5000 }), fc.nat({ max: 64 })).map(([from, bytes]) => copy(memory, memory + from, bytes)),
      fc.tuple(small, fc.boolean()).map(([count, reverse]) => loop(count, reverse, memory, fill(memory, 0, 4), loop(count, reverse, 0))),
    )

  /** Not those that make a loop long: it would be valid, and run. */
  const turnedBit = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 31, max: 63 }))

  property.prop([fc.array(fc.nat(), { minLength: 1, maxLength: 8 }), fc.nat(), turnedBit], { numRuns: 500 })(
    'a valid buffer with one bit turned',
    (seeds, at, bit) => {
      const commands = seeds.map((seed, i) => fc.sample(command(), { seed: seed + i, numRuns: 1 })[0] ?? [])
      const [buffer, count] = words(...commands)
      const turned = new BigUint64Array(buffer)
      turned[at % count] = (turned[at % count] ?? 0n) ^ (1n << BigInt(bit))
      survives(buffer, count)
    },
  )
})

describe('the table of allocations', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 1000 })), { maxLength: 40 })
  const probes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: -20, max: 1100 }), fc.integer({ min: 1, max: 300 })), { maxLength: 30 })

  property.prop([steps, probes], { numRuns: 100 })('knows each byte of live memory and no other', (changes, ranges) => {
    const live: { readonly start: number; readonly bytes: number }[] = []
    for (const [release, n] of changes) {
      if (!release) live.push({ start: device.allocate(n + 1), bytes: n + 1 })
      else if (live.length > 0) live.splice(n % live.length, 1).forEach(({ start }) => device.release(start))
    }
    for (const [index, offset, bytes] of ranges) {
      const start = (live[index % Math.max(live.length, 1)]?.start ?? memory) + offset
      const within = [...live, { start: memory, bytes: 4096 }].some(m => start >= m.start && start + bytes <= m.start + m.bytes)
      const fills = (): void => device.execute(...words(fill(start, 0, bytes)))
      if (within) fills()
      else expect(fills).toThrow(TypeError)
    }
    for (const { start } of live) device.release(start)
  })
})
