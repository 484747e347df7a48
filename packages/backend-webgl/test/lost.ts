/** The context is taken away, and what calls say then. */
import { expect } from 'vitest'

export const lose = (gl: WebGL2RenderingContext): void => gl.getExtension('WEBGL_lose_context')?.loseContext()

/** Matches the error. */
export const gone: { readonly name: string; readonly message: string } = {
  name: 'BackendError',
  message: expect.stringMatching(/took the WebGL context away.*init\(\) again/) as string,
}
