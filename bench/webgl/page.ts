/** In the page: the libraries side by side, each with a WebGL context of its own. The script beside asks for one measurement after the other. */
import { load as cotangent } from './cotangent.ts'
import { load as jaxjs } from './jaxjs.ts'
import { type Input, type Job, type Library, type RowName, rows } from './rows.ts'
import { load as tfjs } from './tfjs.ts'

const loaders = { cotangent, tfjs, 'jax-js': jaxjs } as const
export type LibraryName = keyof typeof loaders

interface Loaded extends Library {
  /** Returns when all that was ordered has been computed. */
  readonly wait: () => void
  readonly gl: WebGL2RenderingContext
}

/** Of the first repetitions. */
export interface First {
  /** Milliseconds of the first one, compilation included. */
  readonly milliseconds: number
  /** The largest difference from the results of the libraries before, as a part of the largest number. */
  readonly difference: number
}

const loaded = new Map<LibraryName, Loaded>()
const jobs = new Map<string, Job>()

/** The context that a library opens. */
async function withContext<T>(open: () => Promise<T>): Promise<readonly [T, WebGL2RenderingContext]> {
  const { prototype } = OffscreenCanvas,
    { getContext } = prototype
  let context: unknown
  prototype.getContext = function (this: OffscreenCanvas, ...args: Parameters<typeof getContext>) {
    const made = Reflect.apply(getContext, this, args) as ReturnType<typeof getContext>
    if (String(args[0]) === 'webgl2') context = made
    return made
  } as typeof getContext
  try {
    return [await open(), context as WebGL2RenderingContext]
  } finally {
    prototype.getContext = getContext
  }
}

/**
 * Draws and reads a pixel that has nothing to do with the library: contexts work in the order of their commands, and a read waits; on llvmpipe
 * only for what the framebuffer drawn on last needs, hence the drawing.
 */
function waiter(gl: WebGL2RenderingContext): () => void {
  const framebuffer = gl.createFramebuffer(),
    renderbuffer = gl.createRenderbuffer(),
    pixel = new Uint8Array(4)
  gl.bindRenderbuffer(gl.RENDERBUFFER, renderbuffer)
  gl.renderbufferStorage(gl.RENDERBUFFER, gl.RGBA8, 1, 1)
  const within = (f: () => void): void => {
    const bound = gl.getParameter(gl.FRAMEBUFFER_BINDING) as WebGLFramebuffer | null
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer)
    f()
    gl.bindFramebuffer(gl.FRAMEBUFFER, bound)
  }
  within(() => gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.RENDERBUFFER, renderbuffer))
  const wait = (): void => {
    gl.clear(gl.COLOR_BUFFER_BIT)
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel)
  }
  return () => within(wait)
}

/** Opens a library; its version, and the driver. */
async function open(name: LibraryName): Promise<readonly [version: string, driver: string]> {
  const [library, gl] = await withContext(loaders[name])
  loaded.set(name, { ...library, gl, wait: waiter(gl) })
  const information = gl.getExtension('WEBGL_debug_renderer_info')
  return [library.version, String(gl.getParameter(information?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER))]
}

function timed(job: Job, { wait }: Loaded): number {
  const start = performance.now()
  job.run()
  wait()
  return performance.now() - start
}

const keyOf = (name: LibraryName, row: RowName): string => `${name} ${row}`

/**
 * Prepares a row and runs it for the first time; again, for more results to compare, unless that took longer than `limit` milliseconds.
 * Undefined where the library does not have the row.
 */
async function begin(name: LibraryName, row: RowName, limit: number): Promise<First | undefined> {
  const library = loaded.get(name) as Loaded,
    job = library.jobs[row]?.(...inputsOf(row))
  if (job === undefined) return undefined
  jobs.set(keyOf(name, row), job)
  library.wait()
  const milliseconds = timed(job, library)
  const results = Array.from(await job.result())
  for (let k = 1; k < rows[row].compared && milliseconds < limit; k++) {
    timed(job, library)
    results.push(...Array.from(await job.result()))
  }
  return { milliseconds, difference: compare(row, results) }
}

/** Times repetitions: at least `least`, and for `milliseconds`. */
function sample(name: LibraryName, row: RowName, least: number, milliseconds: number): readonly number[] {
  const library = loaded.get(name) as Loaded,
    job = jobs.get(keyOf(name, row)) as Job
  library.wait()
  const times: number[] = [],
    end = performance.now() + milliseconds
  while (times.length < least || performance.now() < end) times.push(timed(job, library))
  return times
}

/** One draw of a repetition, waited for: half a millisecond of each is the waiting. */
export interface DrawTime {
  readonly milliseconds: number
  /** Of the targets, in texels. */
  readonly size: string
  readonly fragment: string
}

/** The draws of one repetition, one after the other; the second of two, since drivers compile at the first. */
function draws(name: LibraryName, row: RowName): readonly DrawTime[] {
  const { gl, wait } = loaded.get(name) as Loaded,
    job = jobs.get(keyOf(name, row)) as Job
  let times: DrawTime[] = []
  const measured =
    <A extends unknown[]>(draw: (...args: A) => void) =>
    (...args: A): void => {
      wait()
      const start = performance.now()
      draw.apply(gl, args)
      wait()
      const milliseconds = performance.now() - start,
        [, , width, height] = gl.getParameter(gl.VIEWPORT) as Int32Array
      times.push({ milliseconds, size: `${width} x ${height}`, fragment: fragmentOf(gl) })
    }
  Object.assign(gl, { drawArrays: measured(gl.drawArrays), drawElements: measured(gl.drawElements) })
  job.run()
  times = []
  job.run()
  Reflect.deleteProperty(gl, 'drawArrays')
  Reflect.deleteProperty(gl, 'drawElements')
  return times
}

function fragmentOf(gl: WebGL2RenderingContext): string {
  const shaders = gl.getAttachedShaders(gl.getParameter(gl.CURRENT_PROGRAM) as WebGLProgram) ?? []
  const fragment = shaders.find(s => gl.getShaderParameter(s, gl.SHADER_TYPE) === gl.FRAGMENT_SHADER)
  return fragment === undefined ? '' : (gl.getShaderSource(fragment) ?? '')
}

const inputs = new Map<RowName, readonly Input[]>()
function inputsOf(row: RowName): readonly Input[] {
  const known = inputs.get(row) ?? rows[row].inputs()
  inputs.set(row, known)
  return known
}

/** Results of the libraries so far. */
const known = new Map<RowName, (readonly number[])[]>()

/** The largest difference from what the others gave, as a part of the largest number. */
function compare(row: RowName, results: readonly number[]): number {
  const others = known.get(row) ?? []
  known.set(row, [...others, results])
  return Math.max(0, ...others.map(other => difference(results, other)))
}

/** Infinity where something is not a number. One may be shorter. */
function difference(a: readonly number[], b: readonly number[]): number {
  let most = 0,
    largest = 0
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const d = Math.abs((a[i] as number) - (b[i] as number))
    if (!(d <= most)) most = Number.isFinite(d) ? d : Infinity
    largest = Math.max(largest, Math.abs(b[i] as number))
  }
  return most === 0 ? 0 : most / largest
}

export const api = { open, begin, sample, draws }
declare global {
  var bench: typeof api
}
globalThis.bench = api
