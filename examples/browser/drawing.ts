/** A square to draw on, by mouse, pen or finger. Ink is the alpha channel; the style sheet makes black ink white in the dark. */
import { SIDE } from '../lib/digits.ts'
import { contextOf } from './dom.ts'
import { normalise } from './normalise.ts'
import { inkImage } from './pictures.ts'

/** Of the canvas, in its own pixels. */
const SIZE = 280
/** As wide as the strokes of MNIST beside their digits. */
const PEN = 22

/** Told after each change; `ended` when the pen was lifted. */
export type OnDraw = (pixels: Float32Array<ArrayBuffer> | undefined, ended: boolean) => void

export class Drawing {
  private readonly canvas: HTMLCanvasElement
  private readonly context: CanvasRenderingContext2D
  private readonly onDraw: OnDraw
  /** The pointer that draws, and where it was. */
  private pen: { readonly id: number; readonly x: number; readonly y: number } | undefined
  private waiting = false

  constructor(canvas: HTMLCanvasElement, onDraw: OnDraw) {
    canvas.width = canvas.height = SIZE
    this.canvas = canvas
    this.context = contextOf(canvas, true)
    this.onDraw = onDraw
    canvas.addEventListener('pointerdown', event => this.press(event))
    canvas.addEventListener('pointermove', event => this.move(event))
    for (const type of ['pointerup', 'pointercancel'] as const) canvas.addEventListener(type, event => this.lift(event))
  }

  clear(): void {
    this.context.clearRect(0, 0, SIZE, SIZE)
    this.onDraw(undefined, true)
  }

  /** Shows 28 x 28 grey values, enlarged. They are told as they are: normalising twice would blur them. */
  show(pixels: Float32Array<ArrayBuffer>): void {
    const small = new OffscreenCanvas(SIDE, SIDE)
    small.getContext('2d')?.putImageData(inkImage(pixels), 0, 0)
    this.context.clearRect(0, 0, SIZE, SIZE)
    this.context.drawImage(small, 0, 0, SIZE, SIZE)
    this.onDraw(pixels, true)
  }

  private press(event: PointerEvent): void {
    if (this.pen !== undefined || event.button !== 0) return
    event.preventDefault()
    this.canvas.setPointerCapture(event.pointerId)
    this.mark(event)
  }

  private move(event: PointerEvent): void {
    if (this.pen?.id !== event.pointerId) return
    const points = event.getCoalescedEvents?.() ?? []
    for (const point of points.length > 0 ? points : [event]) this.mark(point)
  }

  private lift(event: PointerEvent): void {
    if (this.pen?.id !== event.pointerId) return
    this.pen = undefined
    this.onDraw(this.read(), true)
  }

  /** A dot where the pen comes down, lines from there on: a line of no length would leave no ink. */
  private mark(event: PointerEvent): void {
    const { context, pen } = this
    const { x, y } = this.pointOf(event)
    context.beginPath()
    if (pen === undefined) {
      context.arc(x, y, PEN / 2, 0, 2 * Math.PI)
      context.fill()
    } else {
      Object.assign(context, { lineWidth: PEN, lineCap: 'round' })
      context.moveTo(pen.x, pen.y)
      context.lineTo(x, y)
      context.stroke()
    }
    this.pen = { id: event.pointerId, x, y }
    this.tellSoon()
  }

  private pointOf(event: PointerEvent): { readonly x: number; readonly y: number } {
    const { left, top, width, height } = this.canvas.getBoundingClientRect()
    return { x: ((event.clientX - left) * SIZE) / width, y: ((event.clientY - top) * SIZE) / height }
  }

  /** Once a frame, however many points came. */
  private tellSoon(): void {
    if (this.waiting) return
    this.waiting = true
    requestAnimationFrame(() => {
      this.waiting = false
      if (this.pen !== undefined) this.onDraw(this.read(), false)
    })
  }

  private read(): Float32Array<ArrayBuffer> | undefined {
    const { data } = this.context.getImageData(0, 0, SIZE, SIZE)
    return normalise({ side: SIZE, at: (x, y) => (data[4 * (y * SIZE + x) + 3] as number) / 255 })
  }
}
