/** explain and profile: work, memory, reasons and times of functions, and the trace that browsers open. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Backend } from '../src/backend/backend.ts'
import { setBackend } from '../src/backend/current.ts'
import { createReference } from '../src/backend/reference.ts'
import {
  array,
  astype,
  cumsum,
  exp,
  explain,
  foriLoop,
  jit,
  matmul,
  ones,
  profile,
  type ProfiledSpan,
  scalar,
  scan,
  sin,
  sort,
  staticValue,
  type Static,
  sum,
  take,
  type Tensor,
  whileLoop,
  zeros,
} from '../src/index.ts'

beforeAll(() => void setBackend(createReference()))
afterAll(() => void setBackend(null))

/** The work of the kernels of `f`. */
const workOf = (f: (...args: readonly Tensor[]) => unknown, ...args: readonly Tensor[]) => {
  const compiled = jit(f)
  compiled(...args)
  return explain(compiled).traces[0]?.work.map(({ kind, flops, bytes, bounded }) => ({ kind, flops, bytes, bounded }))
}

describe('the work of a kernel', () => {
  it('of elementwise chains: an operation an instruction, each buffer once', () => {
    expect(workOf(x => exp(x).mul(x).add(1), zeros([5, 3]))).toEqual([{ kind: 'loop', flops: 45, bytes: 120, bounded: true }])
    expect(workOf((x, y) => x.add(y), zeros([4, 3]), zeros([3]))).toEqual([{ kind: 'loop', flops: 12, bytes: 48 + 12 + 48, bounded: true }])
  })
  it('of sums and products', () => {
    expect(workOf(x => sum(x, { axis: 1 }), zeros([6, 7]))).toEqual([{ kind: 'loop', flops: 42, bytes: 4 * (42 + 6), bounded: true }])
    expect(workOf((x, y) => matmul(x, y), zeros([4, 5]), zeros([5, 6]))).toEqual([
      { kind: 'contraction', flops: 2 * 4 * 5 * 6, bytes: 4 * (20 + 30 + 24), bounded: true },
    ])
  })
  it('of what moves data only', () => {
    const [gather] = workOf((x, i) => take(x, astype(i, 'int32'), { axis: 0 }), zeros([100, 2]), zeros([3])) ?? []
    expect(gather?.bytes).toBeLessThan(100)
    expect(workOf(x => sort(x), zeros([8]))?.at(-1)).toMatchObject({ kind: 'sort', flops: 0, bytes: 64 })
    expect(workOf(x => cumsum(x), zeros([8]))).toMatchObject([{ kind: 'cumulative', flops: 8, bytes: 64 }])
  })
  it('of loops: all rounds of a scan, one round where values decide', () => {
    const rounds = (n: number): number =>
      workOf(x => foriLoop(0, n, (_, c: Tensor) => sin(c), x), zeros([10]))?.reduce((s, k) => s + k.flops, 0) ?? 0
    expect(rounds(7) - rounds(3)).toBe(40)
    const open = workOf(
      x =>
        whileLoop(
          (c: Tensor) => sum(c).less(5),
          (c: Tensor) => c.add(1),
          x,
        ),
      zeros([10]),
    )
    expect(open?.find(k => k.kind === 'while')).toMatchObject({ bounded: false })
  })
})

describe('explain', () => {
  it('tells the memory plan: sizes, what shares, what is given up', () => {
    const f = jit((w: Tensor, x: Tensor) => w.sub(matmul(matmul(matmul(matmul(x, x), x), x), x)), { donate: [0] })
    f(ones([8, 8]), ones([8, 8]))
    const { memory } = explain(f).traces[0] as NonNullable<ReturnType<typeof explain>['traces'][0]>
    expect(memory).toMatchObject({ inputs: 512, results: 256, temporaries: 768, donated: [{ input: 0, result: 0 }] })
    expect(memory.arena).toBe(512)
    expect(memory.shared).toHaveLength(1)
    expect(String(explain(f))).toMatch(
      /768 B of temporaries in an arena of 512 B\n {2}b\d+, b\d+ share the arena at \d+\n {2}result 0 takes over input 0/,
    )
  })
  it('names what each trace is for: shape, dtype, weak type, static value, tree, number of arguments', () => {
    const f = jit((x: Tensor | Tensor[], mode?: Static<string>) => (Array.isArray(x) ? x : mode === undefined ? x.add(1) : x.mul(2)))
    f(zeros([2]))
    f(zeros([3]))
    f(zeros([3], { dtype: 'int32' }))
    f(scalar(1))
    f(1 as unknown as Tensor)
    f([scalar(1)])
    f([scalar(1)], staticValue('a'))
    f([scalar(1)], staticValue('b'))
    for (let i = 0; i < 10; i++) f(zeros([2]).add(i))
    const { traces, calls } = explain(f)
    expect([calls, traces.length]).toEqual([18, 8])
    expect(traces.map(t => t.reason)).toEqual([
      'first call',
      'x changed from f32[2] to f32[3]',
      'x changed from f32[3] to i32[3]',
      'x changed from i32[3] to f32[]',
      'x changed from f32[] to f32~[] (~: weak, the type of a JavaScript number)',
      expect.stringMatching(/^x changed from/),
      expect.stringMatching(/mode|2 arguments instead of 1/),
      expect.stringMatching(/mode changed from .*a.* to .*b/),
    ])
  })
  it('says that nothing was measured', () => {
    const f = jit((x: Tensor) => x.add(1))
    f(zeros([2]))
    expect(explain(f).traces[0]).toMatchObject({ profiledRuns: 0, work: [{ milliseconds: undefined }] })
    expect(String(explain(f))).toContain('times: none yet, call it inside profile')
  })
})

/** Spans of one track contain each other or are apart, as the format asks. */
function expectNested(spans: readonly ProfiledSpan[]): void {
  const slack = 1e-6
  const ordered = spans.filter(s => !s.asynchronous).toSorted((a, b) => a.start - b.start || b.duration - a.duration)
  const open: number[] = []
  for (const { start, duration, name } of ordered) {
    while (open.length > 0 && (open.at(-1) as number) <= start + slack) open.pop()
    if (open.length > 0) expect(start + duration, name).toBeLessThanOrEqual((open.at(-1) as number) + slack)
    open.push(start + duration)
  }
}

describe('profile', () => {
  /** `unused` makes another Program of the same function. */
  const step = (n: number, unused?: number): ((x: Tensor) => Tensor) =>
    jit(function step(x: Tensor) {
      const states = scan((c: Tensor, r: Tensor) => [sin(c).add(r), null], zeros([n]), matmul(x, x))[0]
      return unused === undefined ? states : states.mul(unused)
    })

  it('returns the result and where the time went', async () => {
    const plain = step(4)(ones([4, 4])).dataSync()
    const fresh = step(4, 1)
    const p = await profile(() => {
      for (let i = 0; i < 2; i++) fresh(ones([4, 4]))
      return fresh(ones([4, 4])).dataSync()
    })
    expect(p.result).toEqual(plain)
    expect(new Set(p.spans.map(s => s.kind))).toEqual(new Set(['trace', 'lower', 'compile', 'run', 'kernel', 'read']))
    const own = p.spans.filter(s => s.of === 'step')
    expect(own).toHaveLength(3 * (explain(fresh).traces[0]?.work.length ?? 0))
    expect(p.spans.filter(s => s.kind === 'trace' && s.name === 'jit of step')).toHaveLength(1)
    expectNested(p.spans.filter(s => s.kind === 'kernel'))
    expectNested(p.spans.filter(s => s.kind !== 'kernel'))
    const { profiledRuns, work } = explain(fresh).traces[0] as NonNullable<ReturnType<typeof explain>['traces'][0]>
    expect(profiledRuns).toBe(3)
    expect(work.every(k => k.milliseconds !== undefined && k.milliseconds >= 0)).toBe(true)
    expect(String(explain(fresh))).toMatch(/GFLOP\/s.*\n(.*\n)* +all .*\ntimes: medians of 3 profiled runs/)
    expect(String(p)).toMatch(/ms +calls\n(.*\n)*.*kernel +step 0: /)
  })
  it('is a trace in the trace-event format', async () => {
    const p = await profile(() => step(3)(ones([3, 3])))
    const { traceEvents } = JSON.parse(JSON.stringify(p)) as { traceEvents: Record<string, unknown>[] }
    expect(traceEvents.filter(e => e['ph'] === 'M').map(e => e['args'])).toEqual([{ name: 'host' }, { name: 'kernels' }])
    for (const e of traceEvents.filter(e => e['ph'] === 'X'))
      expect(e).toMatchObject({
        name: expect.any(String),
        ts: expect.any(Number),
        dur: expect.any(Number),
        pid: 1,
        tid: expect.any(Number),
      })
  })
  it('measures asynchronous runs as a whole', async () => {
    const f = jit((x: Tensor) => x.mul(2))
    const p = await profile(async () => (await f.async(ones([3]))).data())
    expect([...(p.result as Float32Array)]).toEqual([2, 2, 2])
    expect(p.spans.filter(s => s.kind === 'run' && s.asynchronous)).toHaveLength(1)
    const phases = p.toJSON().traceEvents.map(e => e.ph)
    expect([phases.filter(ph => ph === 'b').length, phases.filter(ph => ph === 'e').length]).toEqual([2, 2])
  })
  it('names backends that do not time kernels', async () => {
    const { compileTimed: _, ...plain } = createReference()
    const before = setBackend({ ...plain, name: 'plain' } satisfies Backend)
    try {
      const f = jit((x: Tensor) => x.mul(3))
      const p = await profile(() => [...f(array([1])).dataSync()])
      expect([p.result, p.untimed]).toEqual([[3], ['plain']])
      expect(p.spans.some(s => s.kind === 'kernel')).toBe(false)
      expect(String(p)).toContain('the plain backend does not time kernels')
      expect(String(explain(f))).toContain('times: the plain backend does not time kernels')
    } finally {
      setBackend(before)
    }
  })
  it('ends with the error of its body, and measures nothing after that', async () => {
    await expect(profile(() => matmul(ones([2]), ones([3])))).rejects.toThrow('matmul')
    const p = await profile(() => 1)
    ones([2]).add(1)
    expect(p.spans).toEqual([])
  })
})
