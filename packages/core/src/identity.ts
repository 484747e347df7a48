/** Objects and functions as parts of a cache's key. */
const identities = new WeakMap<object, number>()
let next = 0

/** A number of its own for each object or function, the same at every call. */
export function identity(x: object): number {
  let id = identities.get(x)
  if (id === undefined) identities.set(x, (id = next++))
  return id
}
