/** Charts are well-formed, show what they are given, and do so without a display. */
import fc from 'fast-check'
import { decode } from 'fast-png'
import { describe, expect, it } from 'vitest'
import { confusionMatrix, heatmap } from './heatmap.ts'
import { pngFile, pngGrid } from './png.ts'
import { raster } from './raster.ts'
import { type Series, seriesOf, smoothed } from './series.ts'
import { svgFile } from './svg.ts'
import { terminalChart } from './terminal.ts'
import { xyChart } from './xy.ts'

/** The names of the elements of a well-formed document, in order; throws when tags do not match. */
function elements(svg: string): readonly string[] {
  const open: string[] = [],
    names: string[] = []
  for (const [, closing, name, rest] of svg.matchAll(/<(\/?)(\w+)((?:"[^"]*"|[^">])*)>/g)) {
    if (closing === '/') expect(open.pop()).toBe(name)
    else open.push(name as string)
    if (closing === '') {
      names.push(name as string)
      expect(rest).not.toMatch(/NaN|Infinity|undefined/)
    }
  }
  expect(open).toEqual([])
  return names
}
const count = (svg: string, name: string): number => elements(svg).filter(n => n === name).length

describe('xyChart', () => {
  const number = fc.double({ min: -1e6, max: 1e6 })
  it('draws any points, also none, one, and some that a logarithm does not have', () => {
    const points = fc.array(fc.tuple(number, fc.oneof(number, fc.constant(NaN))), { maxLength: 8 })
    fc.assert(
      fc.property(fc.array(points, { maxLength: 3 }), fc.boolean(), fc.boolean(), (all, logX, logY) => {
        const series = all.map((p, i): Series => ({ name: `series <${i}> & "more"`, points: p }))
        const svg = svgFile(xyChart(series, { title: 'a < b', x: 'x', y: 'y', logX, logY }))
        const shown = all.map(p => p.filter(xy => xy.every((v, i) => Number.isFinite(v) && (!(i === 0 ? logX : logY) || v > 1e-300))))
        expect(count(svg, 'path')).toBe(shown.filter(p => p.length !== 1).length)
        expect(count(svg, 'circle')).toBe(shown.filter(p => p.length === 1).length)
        expect(svg).toContain('a &#60; b')
      }),
      { numRuns: 30 },
    )
  })
  it('puts the first point at the left below the last of a rising line, within its axes', () => {
    const svg = svgFile(xyChart([seriesOf('s', [0, 1])], { title: 't', x: 'x', y: 'y', domainX: [1, 2], domainY: [0, 1] }))
    expect(svg).toContain('d="M58.0 258.0L466.0 30.0"')
  })
  it('cuts off what lies outside of its axes', () => {
    const svg = svgFile(xyChart([seriesOf('s', [0, 9])], { title: 't', x: 'x', y: 'y', domainX: [1, 2], domainY: [0, 1] }))
    expect(svg).toMatch(/<svg x="55" y="27" width="414" height="234" viewBox="55 27 414 234" overflow="hidden"><path /)
  })
  it('writes powers of ten as such', () => {
    const svg = svgFile(xyChart([seriesOf('s', [1e-20, 1e10])], { title: 't', x: 'x', y: 'y', logY: true }))
    expect(svg).toContain('>1e-20</text>')
    expect(svg).toContain('>1e+10</text>')
  })
  it('draws points, a legend for several series, and panels in rows', () => {
    const chart = xyChart([seriesOf('first', [1, 2, 3], 10), seriesOf('second', [3])], { title: 't', x: 'x', y: 'y', mark: 'points' })
    const svg = svgFile([chart, chart, chart], 2)
    expect([count(svg, 'circle'), count(svg, 'path')]).toEqual([12, 0])
    expect(svg).toMatch(/^<svg [^>]*width="960" height="600"/)
    expect(svg).toContain('>second</text>')
  })
})

describe('heatmap', () => {
  it('shows each value of a confusion matrix', () => {
    const matrix = confusionMatrix([0, 0, 1, 2], [0, 1, 1, 0], 3)
    expect(matrix).toEqual([
      [1, 1, 0],
      [0, 1, 0],
      [1, 0, 0],
    ])
    const labels = ['a', 'b', 'c']
    const svg = svgFile(heatmap(matrix, { title: 'confusion', row: 'is', column: 'read as', rows: labels, columns: labels }))
    expect([count(svg, 'rect'), svg.match(/>1<\/text>/g)?.length]).toEqual([10, 4])
  })
  it('draws nothing but zeros', () =>
    void elements(svgFile(heatmap([[0]], { title: '', row: '', column: '', rows: ['a'], columns: ['b'] }))))
})

describe('raster', () => {
  it('has a pixel a cell, the first row below, and lines at the marks', () => {
    const options = { title: 't', x: 'seconds', domainX: [0, 2], y: 'y', rows: ['low', 'high'], marks: [{ x: 1, label: 'here' }] } as const
    const svg = svgFile(
      raster(
        [
          [0, 1, 0.5],
          [2, 2, 0],
        ],
        options,
      ),
    )
    expect([count(svg, 'image'), count(svg, 'line')]).toEqual([1, 1])
    expect(svg).toMatch(/<line x1="255" x2="255"/)
    const png = /base64,([^"]+)"/.exec(svg)?.[1] as string
    const { data, width, height } = decode(Buffer.from(png, 'base64'))
    expect([width, height]).toEqual([3, 2])
    const red = [...data].filter((_, i) => i % 3 === 0)
    expect([red[0], red[2], red[3], red[4]]).toEqual([8, 255, 255, Math.round((255 + 8) / 2)])
  })
  it('draws a single value', () => void elements(svgFile(raster([[3]], { title: '', x: '', y: '', domainX: [0, 1] }))))
})

describe('PNG', () => {
  it('keeps values in 0..1 to a byte, and cuts others', () => {
    const { data, width, height, channels } = decode(pngFile([0, 1, 0.5, -3, 7, 1], { width: 1, height: 2, channels: 3 }))
    expect([[...data], width, height, channels]).toEqual([[0, 255, 128, 0, 255, 255], 1, 2, 3])
  })
  it('lays pictures out in rows', () => {
    const { data, width, height } = decode(pngGrid([0, 1, 1], { width: 1, height: 1, columns: 2, scale: 2 }))
    expect([width, height]).toEqual([7, 7])
    const at = (x: number, y: number): number => data[y * width + x] as number
    expect([at(1, 1), at(2, 2), at(3, 2), at(4, 1), at(1, 4), at(4, 4)]).toEqual([0, 0, 128, 255, 255, 128])
    expect(() => pngGrid([1, 2, 3], { width: 2, height: 1, columns: 1 })).toThrow(/3 values are no pictures of 2 x 1 x 1/)
  })
})

describe('the terminal', () => {
  const series = [seriesOf('train', [3, 2, 1]), seriesOf('test', [3, 2.5, 2.4])]
  it('has a chart for each series without colours, one with', () => {
    const plain = terminalChart(series, { title: 'loss', color: false })
    expect(plain).toContain('loss: train')
    expect(plain).toContain('loss: test')
    expect(plain).not.toContain('\x1b')
    const colored = terminalChart(series, { title: 'loss', color: true })
    expect(colored).toContain('\x1b[31m')
    expect(colored).toContain('test')
  })
  it('has a line of text instead of a curve without a second point', () => {
    const one = (name: string, ...values: readonly number[]): Series => seriesOf(name, values, 20)
    expect(terminalChart([one('a', 1 / 3)], { title: 'loss', color: false })).toBe('loss: 0.3333 at 20')
    expect(terminalChart([one('a', 2), one('b')], { title: 'loss', color: false })).toBe('loss: a: 2 at 20\nloss: b: no values')
    expect(terminalChart([one('a', 2), one('b')], { title: 'loss', color: true })).toBe('loss: a 2 at 20, b no values')
  })
  it('stays in its width for long series', () => {
    const text = terminalChart([seriesOf('s', new Float32Array(5000).fill(1))], { title: 't', color: false, width: 40 })
    expect(Math.max(...text.split('\n').map(l => l.length))).toBeLessThan(60)
  })
  it('smooths by means of runs', () => expect(smoothed([1, 3, 5, 7, 9], 2)).toEqual([2, 6, 9]))
})
