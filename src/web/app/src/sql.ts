// The SQL box: a read-only statement, its rows as a table and as CSV.
import { api, type SqlAnswer } from './api';
import { h, setText } from './dom';
import { Exact, exactJson } from './exact';
import { count, plain } from './format';
import { t } from './i18n';
import { type Cell, table } from './table';

const SHOWN = 500;
const FIRST = 'SELECT ticker, count(*) AS quotes, min(price) AS low, max(price) AS high,\n       max(event_time) AS newest\nFROM silver\nGROUP BY ticker\nORDER BY quotes DESC';

function csv(answer: SqlAnswer): string {
  const field = (value: unknown) => {
    if (value === null) return '';
    const text = typeof value === 'object' ? exactJson(value) : String(value);
    return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [answer.columns.map((column) => column.name), ...answer.rows].map((row) => row.map(field).join(',')).join('\r\n') + '\r\n';
}

function cell(value: unknown): string | Cell {
  if (value === null) return { text: 'NULL', kind: 'null' };
  if (typeof value === 'number' || value instanceof Exact) return plain(value);
  return typeof value === 'object' ? exactJson(value) : String(value);
}

export function sqlPanel(): HTMLElement {
  const text = h('textarea', { id: 'sql', rows: 5, spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off', 'aria-label': t('sqlLabel'), 'aria-describedby': 'sql-hint' });
  text.value = FIRST;
  const run = h('button', { type: 'button', class: 'primary', onclick: () => void go() }, t('run'));
  const download = h('button', { type: 'button', disabled: true, onclick: () => save() }, t('download'));
  const status = h('p', { class: 'quiet', role: 'status', id: 'sql-hint' }, t('sqlHint')), out = h('div', { class: 'sql-out' });
  let answer: SqlAnswer | null = null, running = false;
  text.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); void go(); }
  });

  async function go(): Promise<void> {
    if (running) return; // disabling the button would take the focus from it
    running = true;
    run.setAttribute('aria-disabled', 'true');
    setText(run, t('running'));
    answer = null;
    try {
      answer = await api.sql(text.value);
      setText(status, t('rowsTook', { n: count(answer.count), ms: count(answer.ms) }) + (answer.truncated ? t('truncated') : '') + (answer.count > SHOWN ? t('firstShown', { n: count(SHOWN) }) : ''));
      out.replaceChildren(answer.count === 0 ? h('p', { class: 'quiet' }, t('noRows')) : table(t('results'),
        answer.columns.map((column) => column.name),
        answer.rows.slice(0, SHOWN).map((row) => row.map(cell)),
        answer.columns.map((column) => column.number)));
    } catch (error) {
      setText(status, '');
      out.replaceChildren(h('pre', { class: 'problem', role: 'alert' }, (error as Error).message));
    }
    running = false;
    run.removeAttribute('aria-disabled');
    setText(run, t('run'));
    download.disabled = !answer;
  }

  function save(): void {
    if (!answer) return;
    const url = URL.createObjectURL(new Blob([csv(answer)], { type: 'text/csv' }));
    h('a', { href: url, download: 'pregao.csv' }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }

  return h('section', { class: 'panel sql', 'aria-label': t('sql') }, h('header', {}, h('h2', {}, t('sql')), h('div', { class: 'row' }, download, run)), text, status, out);
}
