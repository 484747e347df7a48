/** Kernels on the fake driver: what a GPU would do, what it would refuse, and that compiled code means what C says. */
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Device } from '../src/runtime/addon.ts'
import { undefinedBehavior } from './fake/control.ts'
import { type Command, launch, type Triple, type Word, words } from './support/commands.ts'
import { type Bench, errorOf, floats, ints, prepare, upload } from './support/device.ts'

const orders = ['forward', 'reverse', 'shuffle'] as const

let bench: Bench
let device: Device

beforeAll(async () => {
  bench = await prepare()
})
beforeEach(() => {
  bench.fake.reset()
  device = bench.open()
})
afterEach(() => device.close())

/** A launch of the kernel `f` of a program; `p` pointer, `w` anything else. */
function compiled(source: string, parameters: string, blocks: Triple, threads: Triple, args: readonly Word[]): Command {
  const module = device.load(device.compile(source, ['--gpu-architecture=sm_90', '--std=c++17']))
  return launch(device.function(module, 'f', parameters), blocks, threads, args)
}

function runs(source: string, parameters: string, blocks: Triple, threads: Triple, args: readonly Word[]): void {
  device.execute(...words(compiled(source, parameters, blocks, threads, args)))
  device.synchronize()
}

describe.each(orders)('threads in %s order', order => {
  beforeEach(() => bench.fake.set({ threads: order, blocks: order, seed: 7 }))

  test('every thread of every block runs once, with its indices', () => {
    const out = upload(device, new Int32Array(3 * 2 * 2 * 4 * 2 * 2))
    const source = `KERNEL(16) f(int *o) {
      int block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
      int thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
      o[block * 16 + thread] += 1 + block * 16 + thread;
    }`
    runs(source, 'p', [3, 2, 2], [4, 2, 2], [out])
    expect(ints(device, out, 192)).toEqual(Array.from({ length: 192 }, (_, i) => i + 1))
  })

  test('barriers order shared memory: a reversal, block by block', () => {
    const source = `KERNEL(96) f(const float *a, float *o) {
      SHARED(float, tile, 96);
      for (int round = 0; round < 3; round++) {
        int at = (blockIdx.x * 3 + round) * 96;
        tile[threadIdx.x] = a[at + threadIdx.x];
        BARRIER();
        o[at + threadIdx.x] = tile[95 - threadIdx.x];
        BARRIER();
      }
    }`
    const data = Float32Array.from({ length: 576 }, (_, i) => i)
    const out = upload(device, new Float32Array(576))
    runs(source, 'pp', [2, 1, 1], [96, 1, 1], [upload(device, data), out])
    expect(floats(device, out, 576)).toEqual(Array.from(data, (_, i) => Math.floor(i / 96) * 96 + 95 - (i % 96)))
  })

  test('shuffles, ballots and atomics', () => {
    const source = `KERNEL(64) f(int *o, int *count) {
      int v = threadIdx.x;
      o[v] = shuffle_xor_i32(v, 5);
      o[64 + v] = shuffle_up_i32(v, 3);
      o[128 + v] = shuffle_down_i32(v, 3);
      o[192 + v] = shuffle_i32(v, 9);
      o[256 + v] = (int)ballot(v % 3 == 0);
      o[320 + v] = (int)shuffle_xor_f64(v * 0.5, 1) + (int)shuffle_xor_i64(1ll << 40 | v, 1);
      atomic_add_i32(count, v);
      atomic_max_i32(count + 1, v);
    }`
    const out = upload(device, new Int32Array(384)),
      count = upload(device, new Int32Array(2))
    runs(source, 'pp', [1, 1, 1], [64, 1, 1], [out, count])
    const lane = (v: number, to: number): number => (to < 0 || to > 31 ? v : v - (v % 32) + to)
    const bits = (v: number): number =>
      Array.from({ length: 32 }, (_, i) => ((v - (v % 32) + i) % 3 === 0 ? 1 << i : 0)).reduce((a, b) => a | b)
    const all = Array.from({ length: 64 }, (_, v) => v)
    expect(ints(device, out, 384)).toEqual([
      ...all.map(v => v ^ 5),
      ...all.map(v => lane(v, (v % 32) - 3)),
      ...all.map(v => lane(v, (v % 32) + 3)),
      ...all.map(v => lane(v, 9)),
      ...all.map(bits),
      ...all.map(v => Math.trunc((v ^ 1) / 2) + (v ^ 1)),
    ])
    expect(ints(device, count, 2)).toEqual([2016, 63])
  })

  test('warps wait for themselves only', () => {
    const source = `KERNEL(128) f(float *o) {
      SHARED(float, sums, 4);
      float v = (float)threadIdx.x;
      for (int d = 16; d > 0; d /= 2) v += shuffle_xor_f32(v, d);
      if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = v;
      BARRIER();
      if (threadIdx.x < 32) {
        v = threadIdx.x < 4 ? sums[threadIdx.x] : 0.0f;
        for (int d = 16; d > 0; d /= 2) v += shuffle_xor_f32(v, d);
        if (threadIdx.x == 0) o[0] = v;
      }
    }`
    const out = upload(device, new Float32Array(1))
    runs(source, 'p', [1, 1, 1], [128, 1, 1], [out])
    expect(floats(device, out, 1)).toEqual([8128])
  })

  test('a race shows: reading what another thread writes before a barrier', () => {
    const source = `KERNEL(64) f(float *o) {
      SHARED(float, t, 64);
      t[threadIdx.x] = 1.0f;
      o[threadIdx.x] = t[63 - threadIdx.x];
    }`
    const out = upload(device, new Float32Array(64))
    runs(source, 'p', [1, 1, 1], [64, 1, 1], [out])
    expect(floats(device, out, 64).some(Number.isNaN)).toBe(true)
  })
})

describe('what a GPU refuses ends the context, and the error names kernel and place', () => {
  const refused: readonly (readonly [what: string, body: string, message: RegExp])[] = [
    [
      'a barrier that some threads never reach',
      'if (threadIdx.x < 8)\n BARRIER();\no[0] = 1.0f;',
      /kernel f, line 3: a divergent barrier: other threads have ended/,
    ],
    [
      'two barriers at once',
      'if (threadIdx.x < 8)\n BARRIER();\nelse\n BARRIER();\no[0] = 1.0f;',
      /kernel f, line [35]: a divergent barrier: other threads wait at line [35]/,
    ],
    [
      'a shuffle without all lanes',
      'if (threadIdx.x < 8)\n o[0] = shuffle_f32(1.0f, 0);',
      /kernel f, line 3: a divergent warp barrier or shuffle/,
    ],
    [
      'a vector at an odd address',
      '\ncheck_aligned(o + 1, 16);\no[0] = 1.0f;',
      /kernel f, line 3, block 0,0,0, thread 0,0,0: an access of 16 bytes at \d+/,
    ],
    ['too much shared memory', 'SHARED(float, t, 12289);\nt[0] = 1.0f;', /kernel f, line 2, .*more than 49152 bytes of shared memory/],
    [
      'a write behind shared memory',
      'SHARED(float, t, 32);\nt[33] = 1.0f;\no[0] = 1.0f;',
      /kernel f: a write behind the shared memory of line 2/,
    ],
    ['a write behind a buffer', 'o[32] = 1.0f;', /kernel f: a write 0 bytes after the end of the allocation of 128 bytes/],
    ['a write before a buffer', 'o[-2] = 1.0f;', /kernel f: a write 8 bytes before the start of the allocation of 128 bytes/],
    ['an address that is nowhere', 'o[1 << 30] = 1.0f;', /kernel f, block 0,0,0, .*outside of all allocations/],
    [
      'a division by zero',
      'int zero = (int)threadIdx.x >> 8;\no[0] = (float)(7 / zero);',
      /kernel f, .*an integer division that has no result/,
    ],
  ]
  test.each(refused)('%s', (_what, body, message) => {
    const out = upload(device, new Float32Array(32))
    const error = errorOf(() => runs(`KERNEL(64) f(float *o) {\n${body}\n}`, 'p', [1, 1, 1], [64, 1, 1], [out]))
    expect(error.code).toBe('ERR_CUDA')
    expect(error.message).toMatch(message)
    expect(bench.fake.failure()).toMatch(message)
    expect(() => device.allocate(4)).toThrow()
    // Another context is whole.
    device.close()
    device = bench.open()
    bench.fake.reset()
    expect(floats(device, upload(device, Float32Array.of(3)), 1)).toEqual([3])
  })

  test('with guard pages reads outside a buffer too', () => {
    bench.fake.set({ guard: 1 })
    const out = upload(device, new Float32Array(4)),
      from = upload(device, new Float32Array(4))
    const source = 'KERNEL(1) f(const float *a, float *o, int i) { o[0] = a[i]; }'
    runs(source, 'ppw', [1, 1, 1], [1, 1, 1], [from, out, 3])
    expect(() => runs(source, 'ppw', [1, 1, 1], [1, 1, 1], [from, out, 4])).toThrow(/outside of all allocations/)
  })

  test('more threads than the kernel is compiled for, and impossible grids', () => {
    const source = 'KERNEL(32) f(int *o) { o[0] = 1; }'
    const out = upload(device, new Int32Array(1))
    expect(() => runs(source, 'p', [1, 1, 1], [64, 1, 1], [out])).toThrow()
    expect(() => runs(source, 'p', [1, 65536, 1], [32, 1, 1], [out])).toThrow()
  })
})

describe('compiled code means what C says', () => {
  test('floats are rounded at each step and compare as IEEE 754 says', () => {
    const source = `KERNEL(1) f(const float *a, float *o, int *i) {
      float x = a[0], y = a[1], nan = a[2], zero = a[3];
      o[0] = x * y - x * y;
      o[1] = (x + y) - x;
      o[2] = -zero;
      o[3] = (float)((double)x * (double)y);
      o[4] = a[4] * 0.5f;
      i[0] = !(nan < x); i[1] = nan == nan; i[2] = nan != nan; i[3] = !(nan >= x) && !(nan <= x);
      i[4] = x < y ? 1 : 2; i[5] = nan < x ? 1 : 2; i[6] = zero == -zero;
    }`
    const data = Float32Array.of(16777216, 1.5, NaN, 0, 1e-45)
    const out = upload(device, new Float32Array(5)),
      flags = upload(device, new Int32Array(7))
    runs(source, 'ppp', [1, 1, 1], [1, 1, 1], [upload(device, data), out, flags])
    expect(floats(device, out, 5)).toEqual([0, 2, -0, 25165824, 0])
    expect(ints(device, flags, 7)).toEqual([1, 0, 1, 1, 2, 2, 1])
  })

  test('integers wrap, shift and convert', () => {
    const source = `KERNEL(1) f(int *o, int a, unsigned u, long long l) {
      o[0] = (int)((unsigned)a + 1u);
      o[1] = a >> 4;
      o[2] = (int)(u >> 4);
      o[3] = (int)(l >> 36);
      o[4] = (int)(((unsigned long long)l * 3ull) >> 60);
      o[5] = (int)(float)u;
      o[6] = (int)mulhi_u32(u, 3u);
      o[7] = popcount_u32(u) + 100 * leading_zeros_u32(1u) ;
      o[8] = (int)reversed_u32(1u);
      o[9] = (int)(unsigned)3e9f;
    }`
    const out = upload(device, new Int32Array(10))
    runs(source, 'pwww', [1, 1, 1], [1, 1, 1], [out, 0x7fffffff, 0xfffffff0, 2 ** 52])
    expect(ints(device, out, 10)).toEqual([-2147483648, 0x7ffffff, 0xfffffff, 65536, 0, -2147483648, 2, 3128, -2147483648, -1294967296])
  })

  test('what C++ refuses C refuses too', () => {
    expect(() => device.compile('KERNEL(1) f(int *a) { float *b = a; b[0] = 1.0f; }', ['--gpu-architecture=sm_90'])).toThrow(
      /incompatible pointer/,
    )
    expect(() => device.compile('KERNEL(1) f(int *a) { a[0] = nothing(1); }', ['--gpu-architecture=sm_90'])).toThrow(
      /program.*implicit declaration|nothing/,
    )
  })

  test('g++ compiles the same text to the same results', () => {
    const source = `DEVICE float4 scaled(float4 v, float by) { v.x *= by; v.y *= by; v.z *= by; v.w *= by; return v; }
    KERNEL(32) f(const float *a, float *o) {
      float4 v = scaled(*(const float4 *)(a + 4 * threadIdx.x), 1.1f);
      *(float4 *)(o + 4 * threadIdx.x) = v;
      o[4 * threadIdx.x] = tanhf(shuffle_xor_f32(v.y, 1)) + v.x;
    }`
    const data = Float32Array.from({ length: 128 }, (_, i) => Math.sin(i))
    const results = (['tcc', 'g++'] as const).map(compiler => {
      bench.fake.set({ compiler })
      const out = upload(device, new Float32Array(128))
      runs(source, 'pp', [1, 1, 1], [32, 1, 1], [upload(device, data), out])
      return floats(device, out, 128)
    })
    expect(results[0]).toEqual(results[1])
  })

  test.each([
    ['a misaligned vector', 'float4 v = *(float4 *)(o + 1);\no[0] = v.x;'],
    ['an overflow', 'int i = (int)threadIdx.x + 2147483647;\no[0] = (float)(i + i);'],
    ['a conversion', 'float x = o[0] + 3e9f;\no[0] = (float)(int)x;'],
    ['a shift', 'int by = (int)threadIdx.x + 32;\no[0] = (float)(1 << by);'],
  ])('undefined behaviour, by g++: %s', (_what, body) => {
    bench.fake.set({ compiler: 'g++', flags: undefinedBehavior })
    const source = `KERNEL(1) f(float *o) {\n${body}\n}`
    const out = upload(device, new Float32Array(16))
    expect(() => runs(source, 'p', [1, 1, 1], [1, 1, 1], [out])).toThrow(/kernel f, .*a sanitizer's check failed \(program.cu:[23]\)/)
  })
})
