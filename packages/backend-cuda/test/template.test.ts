/** Command buffers, read back by a decoder in memory: they say what the commands say, for every assignment of addresses. */
import type { Kernel, KernelGraph, Scan } from '@cotangent/core/kernel'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { elementwise, graphOf } from '../../core/test/support/smallGraphs.ts'
import type { Argument, Command, Launch } from '../src/command.ts'
import { emitGraph } from '../src/runtime/emitted.ts'
import { Layout } from '../src/runtime/layout.ts'
import { mostExecuted, schedule } from '../src/runtime/schedule.ts'
import { type Linked, type Template, writeTemplate } from '../src/runtime/template.ts'
import { decode, type Ordered } from './decoder.ts'

const target = { multiprocessors: 1, capability: 90, precision: 'float32', products: true } as const

const launch = (list: readonly Argument[]): Launch => ({
  kind: 'launch',
  name: 'k',
  arguments: list,
  body: '',
  blocks: [2, 3, 4],
  threads: [5, 6, 7],
})

/** The steps of a graph whose every leaf kernel compiles to `commands`. */
function prepared(graph: KernelGraph, commands: readonly Command[], most = Infinity) {
  const emitted = emitGraph(graph, target, () => commands)
  const layout = new Layout(graph, emitted, new Map())
  const linked: Linked = { specs: emitted.specs, functionOf: () => 42, planOf: () => 43, workspaceOf: () => 1024 }
  const steps = schedule(graph.kernels, emitted.commands, most)
  const template = (items: Parameters<typeof writeTemplate>[0]): Template => writeTemplate(items, layout, linked)
  return { layout, steps, template }
}

function only(graph: KernelGraph, commands: readonly Command[]): { layout: Layout; template: Template } {
  const { layout, steps, template } = prepared(graph, commands)
  if (steps[0]?.kind !== 'execute' || steps.length > 1) throw new Error('not one command buffer')
  return { layout, template: template(steps[0].items) }
}

const read = (template: Template): readonly Ordered[] => decode(template.buffer, template.words)
const address = fc.integer({ min: 512, max: 2 ** 47 }).map(n => n - (n % 512))

test('the words follow the addresses of every run', () => {
  const graph = graphOf(
    [elementwise(4)],
    [['float32', 4]],
    [['float32', 4]],
    [
      ['float32', 4],
      ['int32', 4],
    ],
  )
  const { layout, template } = only(graph, [
    launch([
      { name: 'x', memory: 0, access: 'read' },
      { name: 'y', memory: 1, access: 'write' },
      { name: 't', memory: 3, access: 'write' },
    ]),
    { kind: 'copy', from: 0, fromOffset: 1, to: 2, toOffset: 2, count: 2 },
    { kind: 'clear', memory: 3 },
  ])
  fc.assert(
    fc.property(fc.array(fc.tuple(address, address, address), { minLength: 1, maxLength: 5 }), runs => {
      for (const [input, output, arena] of runs) {
        const values = new Float64Array(layout.slots)
        values.set([input, output, arena])
        template.bind(values)
        const big = (n: number): bigint => BigInt(n)
        expect(read(template)).toEqual([
          { kind: 'launch', function: 42, blocks: [2, 3, 4], threads: [5, 6, 7], words: [big(input), big(output), big(arena + 1024)] },
          { kind: 'copy', words: [big(arena + 8), big(input + 4), 8n] },
          { kind: 'fill', words: [big(arena + 1024), 0n, 16n] },
        ])
      }
    }),
  )
})

test('numbers keep their bits', () => {
  const types = ['int', 'long long', 'unsigned', 'float', 'double'] as const
  const value = (type: (typeof types)[number]): fc.Arbitrary<number> => {
    if (type === 'int') return fc.integer()
    if (type === 'unsigned') return fc.integer({ min: 0, max: 2 ** 32 - 1 })
    if (type === 'long long') return fc.maxSafeInteger()
    return type === 'float' ? fc.float({ noNaN: true }) : fc.double({ noNaN: true })
  }
  const argument = fc.constantFrom(...types).chain(type => value(type).map(v => ({ name: 'a', type, value: v })))
  fc.assert(
    fc.property(fc.array(argument, { minLength: 1, maxLength: 10 }), list => {
      const { template } = only(graphOf([elementwise(1)], [['float32', 1]], [['float32', 1]]), [launch(list)])
      const [ordered] = read(template)
      const words = new BigUint64Array(ordered?.kind === 'launch' ? ordered.words : [])
      const view = new DataView(words.buffer)
      list.forEach(({ type, value: expected }, i) => {
        const actual = {
          int: () => view.getInt32(8 * i, true),
          unsigned: () => view.getUint32(8 * i, true),
          'long long': () => Number(view.getBigInt64(8 * i, true)),
          float: () => view.getFloat32(8 * i, true),
          double: () => view.getFloat64(8 * i, true),
        }[type]()
        expect(Object.is(actual, expected) || (actual === 0 && expected === 0 && type !== 'float' && type !== 'double')).toBe(true)
      })
    }),
  )
})

/** `kernels` in a Scan whose counter is buffer `counter`. */
const scanOf = (counter: number, length: number, body: readonly Kernel[], reverse = false): Scan => ({
  kind: 'scan',
  length,
  reverse,
  counter,
  body,
})

test('loops give their index to arguments, and to memory only where a launch reads it', () => {
  const graph = graphOf(
    [scanOf(2, 3, [scanOf(3, 2, [elementwise(1)])], true)],
    [['float32', 1]],
    [['float32', 1]],
    [
      ['int32', 1],
      ['int32', 1],
    ],
  )
  const withBoth = launch([
    { name: 'x', memory: 0, access: 'read' },
    { name: 'i', counter: 2 },
    { name: 'j', counter: 3 },
  ])
  const launches = (ordered: readonly Ordered[]) => ordered.flatMap(o => (o.kind === 'launch' ? [o.words.slice(0, 2).map(Number)] : []))
  const { template } = only(graph, [withBoth])
  template.bind(new Float64Array(8).fill(512))
  expect(launches(read(template))).toEqual([
    [2, 0],
    [2, 1],
    [1, 0],
    [1, 1],
    [0, 0],
    [0, 1],
  ])
  expect(read(template).some(o => o.kind === 'index')).toBe(false)
  expect(template.count).toBe(6)

  const { layout, template: stored } = only(graph, [launch([{ name: 'c', memory: 3, access: 'read' }])])
  const values = new Float64Array(layout.slots)
  values[layout.arena] = 4096
  stored.bind(values)
  expect(read(stored).flatMap(o => (o.kind === 'index' ? [[Number(o.address), o.index]] : []))).toEqual(
    [0, 1, 2].flatMap(() => [
      [4096 + 1024, 0],
      [4096 + 1024, 1],
    ]),
  )
})

test('loops that are too long for one command buffer are driven by the host, with their counter in a slot', () => {
  const graph = graphOf([scanOf(2, 100, [elementwise(1)])], [['float32', 1]], [['float32', 1]], [['int32', 1]])
  const { layout, steps, template } = prepared(graph, [launch([{ name: 'i', counter: 2 }])], 10)
  const [scan] = steps
  if (scan?.kind !== 'scan' || scan.body[0]?.kind !== 'execute') throw new Error('the host does not drive it')
  const body = template(scan.body[0].items),
    values = new Float64Array(layout.slots)
  values[layout.counterOf(2)] = 77
  body.bind(values)
  expect(read(body)).toMatchObject([{ kind: 'launch', words: [77n] }])
})

test('nor does a synchronous run order more than the addon takes', () => {
  const own = [
    ['int32', 1],
    ['int32', 1],
  ] as const
  const graph = graphOf([scanOf(2, 2 ** 16, [scanOf(3, 2 ** 16, [elementwise(1)])])], [['float32', 1]], [['float32', 1]], own)
  const { steps } = prepared(graph, [launch([{ name: 'i', counter: 3 }])], mostExecuted)
  expect(steps).toMatchObject([{ kind: 'scan', body: [{ kind: 'execute' }] }])
})

test('lists are cut into command buffers of few commands', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 8 }), (kernels, most) => {
      const graph = graphOf(
        Array.from({ length: kernels }, () => elementwise(1)),
        [['float32', 1]],
        [['float32', 1]],
      )
      const { steps, template } = prepared(graph, [launch([])], most)
      const counts = steps.map(s => (s.kind === 'execute' ? template(s.items).count : 0))
      expect(Math.max(...counts)).toBeLessThanOrEqual(most)
      expect(counts.reduce((a, b) => a + b, 0)).toBe(kernels)
    }),
  )
})
