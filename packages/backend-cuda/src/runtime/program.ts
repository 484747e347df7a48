/** The functions of an executable as one program text: launches of equal text, arguments and block share a function. */
import type { BufferSpec } from '@cotangent/core/kernel'
import type { Argument, Command, Launch, MemoryId } from '../command.ts'
import { prelude } from '../language/prelude.ts'
import { functionText } from '../language/program.ts'

export interface Program {
  readonly text: string
  readonly functions: readonly ProgramFunction[]
  /** The function of each launch, by its place in `functions`. */
  readonly ofLaunch: ReadonlyMap<Launch, number>
}

export interface ProgramFunction {
  readonly name: string
  /** A letter an argument, as addon.ts says: `p` a pointer, `w` another word. */
  readonly parameters: string
}

/** Counters first: the command buffer marks them by 64 bits, and a launch may have more arguments than that. */
export const argumentsOf = (launch: Launch): readonly Argument[] => [
  ...launch.arguments.filter(a => 'counter' in a),
  ...launch.arguments.filter(a => !('counter' in a)),
]

export function writeProgram(commands: readonly Command[], specs: readonly BufferSpec[]): Program {
  const helpers = new Set<string>(),
    texts: string[] = [],
    functions: ProgramFunction[] = [],
    known = new Map<string, number>(),
    ofLaunch = new Map<Launch, number>()
  const dtype = (memory: MemoryId) => (specs[memory] as BufferSpec).dtype
  for (const launch of commands) {
    if (launch.kind !== 'launch') continue
    const sorted = { ...launch, arguments: argumentsOf(launch) }
    for (const helper of launch.functions ?? []) helpers.add(helper)
    const key = functionText('', sorted, dtype)
    let index = known.get(key)
    if (index === undefined) {
      index = functions.length
      known.set(key, index)
      const name = `${launch.name}_${index}`
      functions.push({ name, parameters: sorted.arguments.map(a => ('memory' in a ? 'p' : 'w')).join('') })
      texts.push(functionText(name, sorted, dtype))
    }
    ofLaunch.set(launch, index)
  }
  return { text: functions.length === 0 ? '' : [prelude, ...helpers, ...texts].join('\n'), functions, ofLaunch }
}
