/**
 * A list of IR nodes as vector code: four consecutive elements along one axis at a time, everything else hoisted to the level of the
 * nest where its last index is set.
 *
 * Use, for the epilogue of a kernel whose indices are all at hand (`levels` all 0):
 *
 *     const body = new Body(ops, context, { nodes, stores, levels, vector })
 *     body.prologue()                            // once, at the function's entry
 *     body.start(indices)                        // the index locals of all axes; along the vector axis: of the first element
 *     body.enter(0, [4, 4, 3], reduced)          // computes 4 + 4 + 3 elements along the vector axis
 *     body.store([4, 4, 3])
 *
 * In a loop nest, `enter(level, ...)` stands at the head of the loop of each level.
 */
import {
  type Affine,
  type BufferId,
  bytesOf,
  type ComputeDType,
  type DType,
  type InstructionName,
  invariant,
  type Load,
  type Node,
  type NodeId,
} from '@cotangent/core/kernel'
import { instruction, withConstant } from '../instructions.ts'
import type { Ops } from '../math/expression.ts'
import { type Cursor, Cursors, type Index } from './address.ts'
import { fromPointer, storeStrided } from './access.ts'
import { Guards } from './body-guards.ts'
import { planLoad } from './body-load.ts'
import { type BodySpec, type BodyState, joinPlaces, type Place, placeOfMap, type Reduced, type Step } from './body-state.ts'
import type { EmitContext } from './kernel.ts'
import { constant, expressions, newValue, setValue, type Value } from '../math/value.ts'

export type { BodySpec, Reduced } from './body-state.ts'

export class Body implements BodyState {
  readonly o: Ops
  readonly spec: BodySpec
  readonly cursors: Cursors
  readonly guards: Guards
  private readonly context: EmitContext
  private readonly places: Place[] = []
  private readonly steps: Step[] = []
  private readonly values: Value[][] = []
  private readonly targets: readonly Cursor[]
  private reduced: Reduced | undefined

  constructor(o: Ops, context: EmitContext, spec: BodySpec) {
    this.o = o
    this.spec = spec
    this.context = context
    this.cursors = new Cursors(o.f, spec.levels)
    this.guards = new Guards(this)
    spec.nodes.forEach((n, id) => this.plan(n, id))
    this.targets = spec.stores.map(s => this.cursors.of(s.map, bytesOf(this.storedAs(s.buffer)), s.buffer))
  }

  storedAs(buffer: BufferId): DType {
    return this.context.buffers[buffer]?.dtype as DType
  }

  prologue(): void {
    this.cursors.prologue()
  }
  start(indices: readonly Index[]): void {
    this.cursors.start(indices)
  }

  /** At the head of a level's loop: all nodes that are known from here on. `lanes[c]` is the number of elements of copy c. */
  enter(level: number, lanes: readonly number[], reduced?: Reduced): void {
    this.reduced = reduced
    for (const s of this.steps) {
      if (s.level !== level) continue
      if (s.varying) this.o.f.interleave(lanes.map((n, copy) => () => s.emit(n, copy)))
      else s.emit(1, 0)
    }
  }

  /** As `enter`, but each copy is finished by `then` before the next begins: for bodies so short that registers are worth more than work in flight. */
  enterInTurn(level: number, lanes: readonly number[], then: (lanes: number, copy: number) => void): void {
    const steps = this.steps.filter(s => s.level === level)
    for (const s of steps) if (!s.varying) s.emit(1, 0)
    lanes.forEach((n, copy) => {
      for (const s of steps) if (s.varying) s.emit(n, copy)
      then(n, copy)
    })
  }

  /** Where a node's value is known. */
  place(node: NodeId): Place {
    return this.places[node] as Place
  }

  value(node: NodeId, copy: number): Value {
    const copies = this.values[node]
    const v = copies?.[this.places[node]?.varying ? copy : 0]
    invariant(v !== undefined, `body: node ${node} is used before it is computed`)
    return v
  }

  /** Performs the stores for the copies that were entered. */
  store(lanes: readonly number[]): void {
    const { o, spec } = this
    spec.stores.forEach((s, k) => {
      const dtype = this.storedAs(s.buffer)
      const stride = spec.vector < 0 ? 0 : (s.map.strides[spec.vector] as number)
      lanes.forEach((n, copy) => {
        const address = fromPointer(o.f, this.targets[k] as Cursor, 4 * copy * stride * bytesOf(dtype))
        storeStrided(o, dtype, stride, n, this.value(s.value, copy), address)
      })
    })
  }

  private plan(node: Node, id: NodeId): void {
    const place = this.placeOf(node)
    this.places.push(place)
    this.values.push([])
    const emit = node.op === 'load' ? this.planLoad(node, place) : this.planValue(node)
    this.steps.push({
      ...place,
      emit: (lanes, copy) => {
        ;(this.values[id] as Value[])[copy] = emit(lanes, copy)
      },
    })
  }

  private placeOf(node: Node): Place {
    const { spec } = this
    const guards = (n: { readonly guards?: readonly { readonly index: Affine }[] }): Place[] =>
      (n.guards ?? []).map(g => placeOfMap(spec, g.index))
    switch (node.op) {
      case 'const':
        return { level: 0, varying: false }
      case 'iota':
        return placeOfMap(spec, node.map)
      case 'inside':
        return joinPlaces(guards(node))
      case 'load':
        return joinPlaces([placeOfMap(spec, node.map), ...guards(node), ...(node.indirect ?? []).map(i => this.places[i.index] as Place)])
      case 'reduced':
        return { level: Math.max(0, ...spec.levels), varying: spec.vector >= 0 }
      default:
        return joinPlaces(node.args.map(a => this.places[a] as Place))
    }
  }

  private planLoad(load: Load, place: Place): (lanes: number, copy: number) => Value {
    const plan = planLoad(
      this,
      load,
      place,
      (load.indirect ?? []).map(i => this.places[i.index] as Place),
    )
    this.steps.push(...plan.before)
    return plan.emit
  }

  private planValue(node: Exclude<Node, Load>): (lanes: number, copy: number) => Value {
    const { o } = this
    const keep = (e: readonly (() => void)[]): Value => {
      const v = newValue(o, node.dtype)
      setValue(o, v, e)
      return v
    }
    switch (node.op) {
      case 'const':
        return () => keep(constant(o, node.dtype, node.value))
      case 'iota': {
        const cursor = this.cursors.of(node.map, 1)
        const stride = this.spec.vector < 0 ? 0 : (node.map.strides[this.spec.vector] as number)
        return (_, copy) => keep(iota(o, node.dtype, cursor, stride, copy))
      }
      case 'inside': {
        const planned = this.guards.plan(node.guards)
        this.steps.push(...planned.before)
        return (_, copy) => keep([this.guards.mask(planned, copy)])
      }
      case 'reduced':
        return (_, copy) => {
          invariant(this.reduced !== undefined, 'body: a reduced node outside an epilogue')
          return this.reduced(node.index, copy)
        }
      default:
        return (_, copy) => {
          const ids = this.constantLast(node.op, node.args)
          const from = (this.spec.nodes[ids[0] as NodeId] as Node).dtype,
            second = this.spec.nodes[ids[1] ?? -1]
          const args = ids.map(a => expressions(o, this.value(a, copy)))
          const special = second?.op === 'const' ? withConstant(o, node.op, from, args[0] ?? [], second.value) : undefined
          return keep(special ?? instruction(o, node.op, node.dtype, from, args))
        }
    }
  }

  /** Operands in the order in which a constant is the second, where that makes no difference. */
  private constantLast(name: InstructionName, args: readonly NodeId[]): readonly NodeId[] {
    const [a, b] = args
    const swap = (name === 'max' || name === 'min') && this.spec.nodes[a as NodeId]?.op === 'const'
    return swap ? [b as NodeId, a as NodeId] : args
  }
}

/** `first, first + stride, ...` as numbers of a dtype. */
function iota(o: Ops, dtype: ComputeDType, cursor: Cursor, stride: number, copy: number): readonly (() => void)[] {
  const first = (): void => {
    cursor.push(o.f).simd(0x11)
  }
  const start = 4 * copy * stride
  const ints = stride === 0 ? first : o.v('i32x4.add', first, o.lanes32([start, start + stride, start + 2 * stride, start + 3 * stride]))
  return dtype === 'int32' ? [ints] : instruction(o, 'cast', dtype, 'int32', [[o.keep(ints)]])
}
