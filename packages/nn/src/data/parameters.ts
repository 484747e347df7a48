/** Trees of tensors as safetensors files: names are the paths in the tree, `[1].kernel`. */
import { type Tensor, tree } from '@cotangent/core'
import { fail, showShape } from '@cotangent/core/extend'
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts'

/** The bytes of a file with the tensors of a tree: parameters, optimiser state, keys. */
export function encodeTree(t: unknown, metadata: Readonly<Record<string, string>> = {}): Promise<Uint8Array<ArrayBuffer>> {
  const paths = tree.paths(t)
  return encodeSafetensors(Object.fromEntries(tree.leaves(t).map((leaf, i) => [paths[i] as string, leaf])), metadata)
}

/**
 * The tree in the bytes of such a file. `like`, as of `init`, has its structure, shapes and dtypes; `name` stands for the bytes in messages: the path.
 * @throws ValueError naming the first leaf that is missing, left over, or of another shape or dtype.
 */
export const decodeTree = <T>(bytes: Uint8Array, like: T, name: string = 'parameters'): T =>
  treeFrom(decodeSafetensors(bytes, name).tensors, like, why => fail('ValueError', `${name}: ${why}. It belongs to another model.`))

/** The tensors in the place of those of `like`. */
export function treeFrom<T>(tensors: Readonly<Record<string, Tensor>>, like: T, refuse: (why: string) => never): T {
  const paths = tree.paths(like)
  const extra = Object.keys(tensors).find(name => !paths.includes(name))
  if (extra !== undefined) refuse(`has ${extra}, which the model has not`)
  const show = (t: Tensor): string => `${t.dtype}${showShape(t.shape)}`
  const leaves = tree.leaves(like).map((t, i) => {
    const path = paths[i] as string,
      found = tensors[path]
    if (found === undefined) return refuse(`has no ${path}`)
    return show(found) === show(t) ? found : refuse(`has ${show(found)} for ${path}, not ${show(t)}`)
  })
  return tree.unflatten(tree.structure(like), leaves) as T
}
