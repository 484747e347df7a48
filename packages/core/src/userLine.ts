/**
 * Where in the user's code something happens: the innermost frame of a stack that is neither the library's nor a dependency's. The library is known
 * by the files of its packages, from source and from dist; in a bundle by the one file that this module is in, so that a bundle which
 * holds the user's code too tells no line. Stacks as V8, SpiderMonkey and JavaScriptCore write them.
 */

/** A line of the user. */
export interface UserLine {
  /** The function it is in, if it has a name. */
  readonly function: string | undefined
  /** A path, or a URL in browsers. */
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A stack whose text is made when it is read, which is what costs. */
export interface Trail {
  readonly stack?: string | undefined
}

interface Frame extends UserLine {
  /** As in the stack, for comparisons. */
  readonly text: string
}

/** The stack here, of at most `depth` frames; where limits are not known, as the engine does it. */
export function trail(depth: number): Trail {
  const engine = Error as { stackTraceLimit?: number }
  const limit = engine.stackTraceLimit
  if (limit === undefined || !Reflect.set(engine, 'stackTraceLimit', depth)) return new Error()
  const made = new Error()
  engine.stackTraceLimit = limit
  return made
}

/** Frames of an error: transforms nest, and a fault in a backward pass is deep inside the library. */
const deepest = 100

/** The user's line that runs at the moment. */
export const userLine = (): UserLine | undefined => userLineOf(trail(deepest))

/** The user's line that ran when the trail was made. */
export function userLineOf(made: Trail): UserLine | undefined {
  const found = userFrames(made)[0]
  return found && { function: found.function, file: found.file, line: found.line, column: found.column }
}

/** How the user's line led into the library, as text: equal for two calls if they took the same way. */
export function pathOf(made: Trail): string {
  const frames = framesOf(made),
    user = userFrames(made)[0]
  return frames
    .slice(0, user === undefined ? frames.length : frames.findIndex(f => f.text === user.text) + 1)
    .map(f => f.text)
    .join('\n')
}

/** `loss (/home/me/train.ts:12:5)`, as engines write frames: editors and terminals open it. */
export function showLine({ function: name, file, line, column }: UserLine): string {
  const place = `${file}:${line}:${column}`
  return name === undefined ? place : `${name} (${place})`
}

function userFrames(made: Trail): readonly Frame[] {
  const frames = framesOf(made)
  const own = frames[0]
  if (own === undefined) return []
  const isLibrary = libraryAround(own.file)
  const foreign = frames.filter(f => !isLibrary(f.file))
  const mine = foreign.filter(f => !f.file.includes('/node_modules/'))
  return mine.length > 0 ? mine : foreign
}

/** Is a file the library's? `own` is this module's. */
function libraryAround(own: string): (file: string) => boolean {
  const packages = /^(.*\/)core\/(?:src|dist)\//.exec(own)?.[1]
  const inPackage = /^(?:core|nn|backend-\w+)\/(?:src|dist)\//
  return file =>
    file === own ||
    file.includes('/@cotangent/') ||
    (packages !== undefined && file.startsWith(packages) && inPackage.test(file.slice(packages.length)))
}

const v8 = /^\s*at (?:([^/\\]+?) \()?(.+?):(\d+):(\d+)\)?$/
const others = /^(.*?)@(.*?):(\d+):(\d+)$/

function framesOf({ stack }: Trail): readonly Frame[] {
  if (typeof stack !== 'string') return []
  return stack.split('\n').flatMap((text): Frame[] => {
    const found = v8.exec(text) ?? others.exec(text)
    if (found === null) return []
    const [, name = '', file = '', line, column] = found
    if (/^(?:$|node:|eval at )/.test(file)) return []
    return [{ text, function: functionName(name), file: pathOfUrl(file), line: Number(line), column: Number(column) }]
  })
}

/** Engines name methods after objects and modules, and say of what is called how. */
function functionName(name: string): string | undefined {
  const plain = name.replace(/^(?:async|new) /, '').replace(/ \[as .*\]$/, '')
  return /^(?:$|.*[<>/]|global code|module code|eval code)/.test(plain) ? undefined : plain
}

/** Without scheme, for files, and without what development servers append. */
function pathOfUrl(url: string): string {
  const plain = url.replace(/[?#].*$/, '')
  if (!plain.startsWith('file://')) return plain
  try {
    return decodeURIComponent(plain.slice('file://'.length)).replace(/^\/(?=[A-Za-z]:\/)/, '')
  } catch {
    return plain
  }
}
