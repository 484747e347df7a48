/**
 * The product of two operands whose texels it can read: one draw into several targets. Sizes and strides are uniforms, so that one program
 * serves all products of a form. Reading with `texture` is faster than with `texelFetch` on drivers that run on the processor.
 */
import type { Group, Roles } from '@cotangent/core/kernel'
import { fromTexel } from '../glsl/types.ts'
import type { EmitContext, Pass, TextureId } from '../pass.ts'
import type { Grid } from './contraction-grid.ts'
import { type Operand, texelsPerRound, walkOf } from './contraction-operand.ts'
import { byReciprocal, isExact } from './quotient.ts'
import { Shader } from './shader.ts'

const LANES = ['x', 'y', 'z', 'w'] as const

export function productOf(context: EmitContext, roles: Roles, grid: Grid, a: Operand, b: Operand, targets: readonly TextureId[]): Pass {
  return new Product(context, roles, grid).pass(a, b, targets)
}

class Product {
  private readonly context: EmitContext
  private readonly roles: Roles
  private readonly grid: Grid
  private readonly shader: Shader
  private readonly functions: string[] = []
  private readonly main: string[] = []
  private numbers = 0

  constructor(context: EmitContext, roles: Roles, grid: Grid) {
    this.context = context
    this.roles = roles
    this.grid = grid
    this.shader = new Shader(context)
  }

  pass(a: Operand, b: Operand, targets: readonly TextureId[]): Pass {
    const { rows, columns, batch } = this.grid,
      { main } = this
    const indices = this.block()
    const inRound = [...this.readA(a, indices), ...this.readB(b, indices)]
    const sums = list(rows, r => list(columns, c => `s${r}${c}`)).flat()
    const products = list(rows, r => list(columns, c => this.products(a, r, c))).flat()
    main.push(...this.loop(sums, inRound, products))
    sums.forEach((s, k) => main.push(`out${k} = ${s};`))
    const { rows: m, columns: n, sum } = this.roles
    const name = `product [${batch}, ${m.size}, ${n.size} | ${sum.size}]`
    const pass = this.shader.pass(name, targets, `${this.functions.join('')}void main() {\n${main.join('\n')}\n}\n`)
    return { ...pass, work: 16 * rows * columns * this.grid.roundsPerPart }
  }

  /** Which block the fragment computes; gives the indices of the batch axes. */
  private block(): ReadonlyMap<number, string> {
    const { grid, main } = this
    main.push('int f = targetTexel();')
    let bound = grid.parts * grid.batch * grid.rowBlocks * grid.columnBlocks
    const take = (name: string, count: number): void => {
      main.push(`int ${name}s = ${this.quotient('f', count, bound)}, ${name} = f - ${name}s * ${this.number(count)};`, `f = ${name}s;`)
      bound = Math.ceil(bound / count)
    }
    take('column', grid.columnBlocks)
    take('row', grid.rowBlocks)
    if (grid.batch > 1) take('batch', grid.batch)
    const rounds = this.number(grid.rounds)
    if (grid.parts > 1) {
      const length = this.number(grid.roundsPerPart)
      main.push(`int first = f * ${length}, end = min(first + ${length}, ${rounds});`)
    } else main.push(`int first = 0, end = ${rounds};`)
    return this.indices(this.roles.batch, 'batch', 'g')
  }

  /** The indices of a group's axes at a place. */
  private indices({ axes, size }: Group, place: string, prefix: string): Map<number, string> {
    const { extents } = this.roles.contraction,
      found = new Map<number, string>()
    let rest = place,
      bound = multipleOf8(size)
    for (const [n, axis] of axes.toReversed().entries()) {
      if (n === axes.length - 1) found.set(axis, rest)
      else {
        const extent = extents[axis] as number,
          name = `${prefix}${axis}`,
          next = `${prefix}rest${n}`
        this.main.push(`int ${next} = ${this.quotient(rest, extent, bound)}, ${name} = ${rest} - ${next} * ${this.number(extent)};`)
        found.set(axis, name)
        rest = next
        bound = Math.ceil(bound / extent)
      }
    }
    return found
  }

  // ---- reading

  /** Declares A0, A1, ...: texels of rows (`along`) or of places (`across`). */
  private readA(a: Operand, batch: ReadonlyMap<number, string>): readonly string[] {
    const { rows } = this.grid,
      reader = this.reader(a, 'a')
    if (a.direction === 'across') {
      const start = this.address(a, this.indices(this.roles.rows, `${rows} * row`, 'm'), batch)
      return [...reader.round, ...list(4, k => `vec4 A${k} = ${reader.texel(`pA${k}`, `${start} + ${this.scaled(k, a.step)}`)};`)]
    }
    const texels = list(rows, r => {
      const start = this.address(a, this.indices(this.roles.rows, `${rows} * row + ${r}`, `m${r}`), batch)
      return `vec4 A${r} = ${reader.texel(`pA${r}`, start)};`
    })
    return [...reader.round, ...texels]
  }

  /** Declares B00, B01, ...: by texel of columns, then by place, four columns of each. */
  private readB(b: Operand, batch: ReadonlyMap<number, string>): readonly string[] {
    const { columns } = this.grid,
      reader = this.reader(b, 'b'),
      blocks = this.number(this.grid.columnBlocks)
    const block = (c: number): readonly string[] => {
      const column = c === 0 ? '4 * column' : `4 * (column + ${blocks})`
      if (b.direction === 'across') {
        const start = this.address(b, this.indices(this.roles.columns, column, `n${c}`), batch)
        return list(4, k => `vec4 B${c}${k} = ${reader.texel(`pB${c}${k}`, `${start} + ${this.scaled(k, b.step)}`)};`)
      }
      const texels = list(4, j => {
        const start = this.address(b, this.indices(this.roles.columns, `${column} + ${j}`, `n${c}${j}`), batch)
        return `vec4 C${c}${j} = ${reader.texel(`pC${c}${j}`, start)};`
      })
      const turned = LANES.map((lane, k) => `vec4 B${c}${k} = vec4(${list(4, j => `C${c}${j}.${lane}`).join(', ')});`)
      return [...texels, ...turned]
    }
    return [...reader.round, ...list(columns, block).flat()]
  }

  /** The number of the texel where a sum begins. */
  private address({ map }: Operand, own: ReadonlyMap<number, string>, batch: ReadonlyMap<number, string>): string {
    const terms = [...batch, ...own].flatMap(([axis, index]) => {
      const stride = map.strides[axis] as number
      return stride === 0 ? [] : stride === 1 ? [`(${index})`] : [`(${index}) * ${this.number(stride)}`]
    })
    const dynamic = (map.dynamic ?? []).map(d => `${this.shader.scalar(d.buffer)} * ${this.number(d.stride)}`)
    return `((${[this.number(map.offset), ...terms, ...dynamic].join(' + ')}) >> 2)`
  }

  private scaled(k: number, step: number): string {
    return k === 0 ? '0' : `${k} * ${this.number(step / 4)}`
  }

  private reader(operand: Operand, name: 'a' | 'b'): Reader {
    const { main } = this,
      sampler = this.shader.sampler(operand.buffer, false),
      { dtype, width, height } = this.context.spec(operand.buffer),
      walk = walkOf(operand, { width, height }, this.roles)
    const texture = (place: string): string => fromTexel(dtype, 4, `texture(${sampler}, ${place})`)
    main.push(`vec2 ${name}Inverse = 1.0 / vec2(textureSize(${sampler}, 0));`)
    const position = (text: string): string => `(vec2(${text}) + 0.5) * ${name}Inverse`
    if (walk.by === 'number') {
      const mask = this.local(`${name}Mask`, width - 1),
        shift = this.local(`${name}Shift`, Math.log2(width)),
        perRound = this.local(`${name}PerRound`, texelsPerRound(operand))
      return {
        round: [`int ${name}Step = k * ${perRound};`],
        texel: (variable, start) => {
          main.push(`int ${variable} = ${start};`)
          return texture(position(`(${variable} + ${name}Step) & ${mask}, (${variable} + ${name}Step) >> ${shift}`))
        },
      }
    }
    const { by } = walk,
      perLine = this.number(width)
    main.push(`float ${name}PerRound = float(${this.number(walk.texels)}) * ${name}Inverse.${by};`)
    return {
      round: [`float ${name}Step = float(k) * ${name}PerRound;`],
      texel: (variable, start) => {
        const line = `${variable}line`
        main.push(
          `int ${variable}n = ${start}, ${line} = ${this.quotient(`${variable}n`, width, width * height)};`,
          `vec2 ${variable} = ${position(`${variable}n - ${line} * ${perLine}, ${line}`)};`,
        )
        const moved = by === 'x' ? `${variable}.x + ${name}Step, ${variable}.y` : `${variable}.x, ${variable}.y + ${name}Step`
        return texture(`vec2(${moved})`)
      },
    }
  }

  // ---- the sum

  private products(a: Operand, r: number, c: number): string {
    const lane = LANES[r] as string
    const factors = list(4, k => `${a.direction === 'across' ? `A${k}.${lane}` : `A${r}.${LANES[k] as string}`} * B${c}${k}`)
    return `s${r}${c} += ${factors.join(' + ')};`
  }

  private loop(sums: readonly string[], texels: readonly string[], products: readonly string[]): readonly string[] {
    const declared = sums.map(s => `vec4 ${s} = vec4(0);`),
      { unroll } = this.grid
    if (unroll === 1) return [...declared, 'for (int k = first; k < end; k++) {', ...texels, ...products, '}']
    const round = (u: number): readonly string[] => ['{', `int k = k0${u === 0 ? '' : ` + ${u}`};`, ...texels, ...products, '}']
    return [...declared, `for (int k0 = first; k0 < end; k0 += ${unroll}) {`, ...list(unroll, round).flat(), '}']
  }

  /** `x / by` for 0 <= x < `bound`. */
  private quotient(x: string, by: number, bound: number): string {
    if (by === 1) return `(${x})`
    if (!isExact(bound)) return `(${x}) / ${this.number(by)}`
    return byReciprocal(x, this.shader.uniform({ name: `p${this.numbers++}`, type: 'float', value: 1 / by }))
  }

  /** A copy of a uniform, for the rounds: SwiftShader reads a uniform anew, with a test of its bounds, wherever it stands. */
  private local(name: string, value: number): string {
    this.main.push(`int ${name} = ${this.number(value)};`)
    return name
  }

  private number(value: number): string {
    if (value === 0 || value === 1) return String(value)
    return this.shader.uniform({ name: `p${this.numbers++}`, type: 'int', value })
  }
}

interface Reader {
  /** Once a round. */
  readonly round: readonly string[]
  /** Declares where a texel is in the first round; gives what reads it in round k. */
  texel(variable: string, start: string): string
}

const multipleOf8 = (n: number): number => 8 * Math.ceil(n / 8)

const list = <T>(n: number, f: (i: number) => T): readonly T[] => Array.from({ length: n }, (_, i) => f(i))
