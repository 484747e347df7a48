/** Command buffers, written by hand. */
import { Operation } from '../../src/runtime/addon.ts'

/** A number of up to 53 bits, or two halves. */
export type Word = number | readonly [low: number, high: number]
export type Command = readonly Word[]
export type Triple = readonly [x: number, y: number, z: number]

const command = (operation: number, ...words: readonly Word[]): Command => [[operation, words.length + 1], ...words]

/** `counters`: bit j makes argument j the number of a loop. */
export const launch = (handle: number, [gx, gy, gz]: Triple, [bx, by, bz]: Triple, args: readonly Word[], counters: Word = 0): Command =>
  command(Operation.launch, handle, [gx, gy], [gz, bx], [by, bz], counters, ...args)
export const copy = (to: number, from: number, bytes: number): Command => command(Operation.copy, to, from, bytes)
export const fill = (address: number, value: number, bytes: number): Command => command(Operation.fill, address, value, bytes)
export const product = (handle: number, a: number, b: number, result: number, bias = 0, workspace = 0): Command =>
  command(Operation.product, handle, a, b, result, bias, workspace)
export const convolution = (handle: number, image: number, other: number, result: number, bias = 0, workspace = 0): Command =>
  command(Operation.convolution, handle, image, other, result, bias, workspace)
export const graph = (handle: number): Command => command(Operation.graph, handle)
export const loop = (count: number, reverse: boolean, address: number, ...body: readonly Command[]): Command =>
  command(Operation.loop, [count, reverse ? 1 : 0], address, ...body.flat())

/** A word that holds a float32. */
export const float = (value: number): Word => [new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0, 0]

/** What `execute` takes. */
export function words(...commands: readonly Command[]): [buffer: ArrayBuffer, words: number] {
  const halves = commands.flat().flatMap(word => (typeof word === 'number' ? [word % 2 ** 32, Math.floor(word / 2 ** 32)] : [...word]))
  return [Uint32Array.from(halves).buffer, halves.length / 2]
}
