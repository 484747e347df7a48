/**
 * Mesa's llvmpipe draws on threads of its own. Reading a texture, or writing to it from the host, waits for the draws on the framebuffer that
 * was drawn on last, and for no others (seen with 22.3: the first of two results came as what its memory held before, in a third of the runs).
 */
import type { GL } from './device.ts'

/** What to call before the host touches a texture: it waits for all draws where the driver does not, else it does nothing. */
export function settlerOf(gl: GL): () => void {
  if (!isLlvmpipe(gl)) return () => {}
  let own: WebGLFramebuffer | undefined
  return () => {
    const bound = gl.getParameter(gl.FRAMEBUFFER_BINDING) as WebGLFramebuffer | null
    gl.bindFramebuffer(gl.FRAMEBUFFER, (own ??= pixel(gl)))
    // Reading from what was drawn on last. Nothing else that WebGL has waits: `finish` is a flush in Chromium.
    gl.clear(gl.COLOR_BUFFER_BIT)
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4))
    gl.bindFramebuffer(gl.FRAMEBUFFER, bound)
  }
}

/** The name of the graphics driver, where the browser tells it. */
export function rendererOf(gl: GL): string {
  const names = gl.getExtension('WEBGL_debug_renderer_info')
  return String(gl.getParameter(names === null ? gl.RENDERER : names.UNMASKED_RENDERER_WEBGL))
}

const isLlvmpipe = (gl: GL): boolean => /llvmpipe/i.test(rendererOf(gl))

/** A framebuffer of one pixel. */
function pixel(gl: GL): WebGLFramebuffer {
  const renderbuffer = gl.createRenderbuffer(),
    framebuffer = gl.createFramebuffer()
  gl.bindRenderbuffer(gl.RENDERBUFFER, renderbuffer)
  gl.renderbufferStorage(gl.RENDERBUFFER, gl.RGBA8, 1, 1)
  gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer)
  gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.RENDERBUFFER, renderbuffer)
  return framebuffer
}
