/**
 * Draws in parts. The system stops a graphics card that works at one draw for some seconds; it may also stop a page that keeps it from
 * drawing the screen. So what is much work is drawn in bands of rows, which are sent one by one.
 */
import type { Limits, Pass, TextureSpec } from '../pass.ts'

/** Multiply-adds of a fragment that says nothing. */
const FEW = 16

/** Fragments, or points, of one draw. */
export const itemsOf = ({ work = FEW }: Pass, limits: Pick<Limits, 'work'>): number => Math.max(1, Math.floor(limits.work / work))

/** Rows and columns of texels that one draw covers; fewer than all columns only if it is one row. */
export function bandOf(pass: Pass, width: number, limits: Pick<Limits, 'work'>): { readonly rows: number; readonly columns: number } {
  const items = itemsOf(pass, limits)
  return items < width ? { rows: 1, columns: items } : { rows: Math.floor(items / width), columns: width }
}

/** Draws that cover all of a target. */
export function bandsOf(pass: Pass, { width, height }: TextureSpec, limits: Pick<Limits, 'work'>): number {
  if (pass.points !== undefined) return Math.ceil(pass.points.count / itemsOf(pass, limits))
  const { rows, columns } = bandOf(pass, width, limits)
  return Math.ceil(height / rows) * Math.ceil(width / columns)
}
