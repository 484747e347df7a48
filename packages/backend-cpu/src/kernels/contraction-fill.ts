/** Fills the scratch memory of a thread with the present block of a and the present part of b. */
import { I32, type Local, type WasmFunction } from '../wasm/assembler.ts'
import { strideAt } from './contraction-axes.ts'
import { zeroFloats } from './contraction-copy.ts'
import { type Layout, packingOf, panelSize } from './contraction-layout.ts'
import type { Nest } from './contraction-nest.ts'
import { extentOf } from './contraction-operand.ts'
import { packFunction } from './contraction-pack.ts'
import type { Run } from './contraction-tiling.ts'
import { SCRATCH } from './kernel.ts'

export const pushPackedB = (nest: Nest): WasmFunction =>
  nest.f.get(SCRATCH).i32(4 * nest.scratchA).add()

/** The count of the one dimension that is known at run time only: that of the cut row axis. */
function pushCount(nest: Nest, layout: Layout, run: Run | undefined): WasmFunction {
  const { f, g } = nest
  const { blocked } = g.plan.rows
  const coordinate = layout.operand.coordinates.find((c) => blocked !== undefined && c.coefficients[blocked] !== 0)
  if (coordinate === undefined || blocked === undefined) return f.i32(0)
  if (layout.panels?.axis === blocked) return f.get(nest.blockCount)
  const w = coordinate.coefficients[blocked] as number
  const rest = extentOf(coordinate, layout.lengths) - w * (layout.lengths[blocked] as number)
  return f.get(nest.blockCount).i32(w * (run?.rows ?? 1)).mul().i32(rest).add()
}

export function fillA(nest: Nest, kSize: number, run: Run | undefined): void {
  const layout = nest.g.layoutA(kSize, run)
  const { operand } = layout
  const packing = packingOf(layout, { dynamicAxis: nest.g.plan.rows.blocked, lanes: run?.rows ?? 1 })
  nest.pushAddress(operand.load)
  nest.f.get(nest.packedA)
  pushCount(nest, layout, run)
  nest.pushGuards(operand).call(packFunction(nest.context.module, packing))
}

export function fillB(nest: Nest, kSize: number): void {
  const layout = nest.g.layoutB(kSize)
  const { operand } = layout
  if (layout.panels !== undefined) return fillPanels(nest, layout)
  nest.pushAddress(operand.load)
  pushPackedB(nest).i32(0)
  nest.pushGuards(operand).call(packFunction(nest.context.module, packingOf(layout, { dynamicAxis: undefined, lanes: 1 })))
}

/** Whole panels, then the narrower last one if it is in this part: its missing columns are zeros. */
function fillPanels(nest: Nest, layout: Layout): void {
  const { f, g } = nest
  const { operand } = layout
  const module = nest.context.module
  const bytes = 4 * panelSize(layout)
  const whole = f.local(I32)
  const fill = (lanes: number): void => {
    nest.pushGuards(operand).call(packFunction(module, packingOf(layout, { dynamicAxis: g.form.n, lanes })))
  }
  f.get(nest.panelCount).set(whole)
  if (g.tailColumns !== 0) f.get(whole).get(nest.firstPanel).get(whole).add().i32(g.plan.panels).eq().sub().set(whole)
  nest.pushAddress(operand.load)
  pushPackedB(nest).get(whole)
  fill(g.width)
  if (g.tailColumns === 0) return
  const target = f.local(I32)
  f.get(whole).get(nest.panelCount).ne().if(() =>
      atPanel(nest, whole, () => {
        pushPackedB(nest).get(whole).i32(bytes).mul().add().tee(target).i32(bytes).call(zeroFloats(module))
        nest.pushAddress(operand.load).get(target).i32(1)
        fill(g.tailColumns)
      }),
    )
}

/** Emits code in which the part begins some panels later. */
function atPanel({ f, g, base }: Nest, panels: Local, body: () => void): void {
  const first = base[g.form.n as number] as Local
  const saved = f.local(I32)
  f.get(first).tee(saved).get(panels).i32(g.width).mul().add().set(first)
  body()
  f.get(saved).set(first)
}

/** Elements of b in place from panel to panel. */
export const panelStride = ({ g }: Nest): number => (g.form.n === undefined ? 0 : g.width * strideAt(g.form.b.map, g.form.n))
