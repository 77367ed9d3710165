// A table that scrolls by itself when it is wider than its panel.
import { h } from './dom';

export interface Cell { text: string; kind?: string; small?: string }

export function table(label: string, heads: string[], rows: (string | Cell)[][], numbers: boolean[]): HTMLElement {
  const align = (i: number) => (numbers[i] ? 'number' : '');
  return h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label },
    h('table', {},
      h('thead', {}, h('tr', {}, ...heads.map((head, i) => h('th', { scope: 'col', class: align(i) }, head)))),
      h('tbody', {}, ...rows.map((row) => h('tr', {}, ...row.map((cell, i) =>
        typeof cell === 'string' ? h('td', { class: align(i) }, cell) : h('td', { class: `${align(i)} ${cell.kind ?? ''}` }, cell.text, cell.small ? h('small', {}, cell.small) : null)))))));
}
