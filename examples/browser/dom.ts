/** Small help with elements. */

/** The element of the page with this id. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no #${id}`)
  return element as E
}

/** A new element with properties and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties)
  element.append(...children)
  return element
}

/** The drawing context of a canvas. Pixels that are often read stay in ordinary memory. */
export function contextOf(canvas: HTMLCanvasElement, willReadFrequently: boolean = false): CanvasRenderingContext2D {
  const context = canvas.getContext('2d', { willReadFrequently })
  if (context === null) throw new Error('this browser has no 2d canvas')
  return context
}

/** The value of a custom property of the style sheet, which knows light from dark. */
export const cssColor = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

/** Calls back when the system switches between light and dark. */
export const onThemeChange = (listener: () => void): void => matchMedia('(prefers-color-scheme: dark)').addEventListener('change', listener)
