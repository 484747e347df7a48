/** The parts of an SVG file: escaped text, elements, panels side by side. */

export type Attributes = Readonly<Record<string, string | number>>

const escaped = (text: string): string => text.replace(/[&<>"]/g, c => `&#${c.charCodeAt(0)};`)
/** Two decimals are finer than a screen. */
const attribute = (value: string | number): string => (typeof value === 'number' ? String(Math.round(value * 100) / 100) : escaped(value))

/** An element with children that are elements already. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${attribute(value)}"`)
  return `<${name}${written.join('')}>${children.join('')}</${name}>`
}
export const text = (content: string, attributes: Attributes): string => element('text', attributes, escaped(content))

/** A drawing with its size, so that several make one file. */
export interface Drawing {
  readonly width: number
  readonly height: number
  readonly body: string
}

/** Drawings in rows of so many columns, as the text of one file. */
export function svgFile(drawings: Drawing | readonly Drawing[], columns: number = 1): string {
  const all = 'body' in drawings ? [drawings] : drawings
  const width = Math.max(...all.map(d => d.width)),
    height = Math.max(...all.map(d => d.height))
  const placed = all.map(({ body }, i) =>
    element('g', { transform: `translate(${(i % columns) * width} ${Math.floor(i / columns) * height})` }, body),
  )
  const whole = [Math.min(columns, all.length) * width, Math.ceil(all.length / columns) * height] as const
  return `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width: whole[0],
      height: whole[1],
      viewBox: `0 0 ${whole[0]} ${whole[1]}`,
      'font-family': 'system-ui, sans-serif',
      'font-size': 12,
    },
    element('rect', { width: '100%', height: '100%', fill: 'white' }),
    ...placed,
  )}\n`
}

/** Colours of series that those who see colours differently can tell apart (Okabe and Ito 2008). */
const colors = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#999999'] as const
export const colorOf = (i: number): string => colors[i % colors.length] as string
