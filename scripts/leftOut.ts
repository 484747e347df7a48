/** Tests that this machine cannot run. The summary names them; Vitest loads its config and its reporter apart, so that a variable carries this. */
const variable = 'COTANGENT_LEFT_OUT'

export function leaveOut(what: string, why: string): void {
  const line = `left out: ${what} (${why})`
  if (!leftOut().includes(line)) process.env[variable] = [...leftOut(), line].join('\n')
}

/** One line each. */
export const leftOut = (): readonly string[] => (process.env[variable] ?? '').split('\n').filter(line => line !== '')
