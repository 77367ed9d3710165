// The page: what it shows, and who feeds whom.
import { api } from './api';
import { Chart } from './chart';
import { h, setText } from './dom';
import { age, fixed } from './format';
import { t } from './i18n';
import { HealthPanel, PortfolioPanel } from './panels';
import { sqlPanel } from './sql';
import { Stream, type StreamState } from './stream';
import { Tiles } from './tiles';

const LIST_EVERY_MS = 5_000, PORTFOLIO_EVERY_MS = 2_000, HEALTH_EVERY_MS = 3_000, GAPS_EVERY_MS = 15_000, HISTORY_EVERY_MS = 60_000;

/** The browser's store; where it keeps site data away, nothing is remembered. */
function remember(theme?: string): string | null {
  try {
    if (theme) localStorage.setItem('theme', theme);
    return localStorage.getItem('theme');
  } catch {
    return null;
  }
}
const stored = remember();
if (stored) document.documentElement.dataset.theme = stored;

let held: Set<string> | null = null; // tickers with a position; null: not known yet
const chart = new Chart(), portfolio = new PortfolioPanel(), health = new HealthPanel();
const tiles = new Tiles((ticker) => {
  chart.choose(ticker);
  const quote = tiles.quote(ticker);
  if (quote) chart.show(quote);
}, (ticker) => {
  // Its line has the quantity and the price, which nobody else remembers.
  if ((!held || held.has(ticker)) && !confirm(t('removeHeld', { ticker }))) return;
  void edit(() => api.remove(ticker), t('removed', { ticker }));
}, () => input.focus());

const pill = h('span', { class: 'pill', role: 'status' }), rate = h('span', { class: 'rate' });
const simulated = h('span', { class: 'badge', hidden: true }, t('simulator'));
// Its age changes each second, which nobody wants to hear.
const alarm = h('span', { role: 'alert' }), since = h('span'), banner = h('p', { class: 'banner', hidden: true }, alarm, ' ', since), spoken = h('p', { class: 'hidden', role: 'status' });
const input = h('input', { id: 'add', placeholder: t('addPlaceholder'), autocomplete: 'off', autocapitalize: 'characters', spellcheck: 'false', 'aria-label': t('addTicker'), maxlength: 64, required: true });
const addError = h('p', { class: 'problem', role: 'alert', hidden: true });
const unusable = h('p', { class: 'quiet unusable', hidden: true });
const form = h('form', { class: 'add', onsubmit: (event) => {
  event.preventDefault();
  const ticker = input.value.trim().toUpperCase();
  if (ticker) void edit(() => api.add(ticker), t('added', { ticker }), () => { input.value = ''; });
} }, input, h('button', { type: 'submit' }, t('add')));
const theme = h('button', { type: 'button', class: 'icon', 'aria-label': t('theme'), title: t('theme'), onclick: () => {
  const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.dataset.theme = dark ? 'light' : 'dark';
  remember(dark ? 'light' : 'dark');
  chart.paint();
} }, '◐');
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => chart.paint());

document.body.append(
  h('header', { class: 'top' }, h('h1', {}, 'pregao'), simulated, h('span', { class: 'space' }), rate, pill, theme),
  banner, spoken,
  h('main', {},
    h('div', { class: 'column' },
      h('section', { class: 'panel list', 'aria-label': t('watchlist') }, h('header', {}, h('h2', {}, t('watchlist')), form), addError, tiles.element, unusable),
      portfolio.element),
    h('div', { class: 'column' }, chart.element, health.element, sqlPanel())));

let state: StreamState = 'connecting', lastTick = Date.now(), skew = 0, topicProblem = '';
const problems: { text: string }[] = []; // of each thing that is asked now and then

function showState(): void {
  setText(pill, t(state));
  pill.dataset.state = state;
  document.body.classList.toggle('lost', state === 'lost');
  const problem = problems.find(({ text }) => text)?.text;
  const text = state === 'lost' ? t('lostBanner')
    : state === 'stale' ? t('topicBanner', { why: topicProblem }) : problem ? t('errorBanner', { why: problem }) : '';
  banner.hidden = !text;
  setText(alarm, text);
  setText(since, state === 'lost' ? t('lostSince', { age: age(Date.now() - lastTick) }) : '');
}

async function edit(change: () => Promise<unknown>, done: string, then?: () => void): Promise<void> {
  try {
    await change();
    addError.hidden = true;
    setText(spoken, done);
    then?.();
    await loadList();
  } catch (error) {
    setText(addError, (error as Error).message);
    addError.hidden = false;
  }
}

/** Runs now and then while somebody looks, one round at a time; an error is shown, and the next round tries again. */
function every(ms: number, load: () => Promise<void>): () => void {
  const problem = { text: '' };
  let running = false;
  problems.push(problem);
  const run = async () => {
    if (document.hidden || running) return;
    running = true;
    try {
      await load();
      problem.text = '';
    } catch (error) {
      problem.text = state === 'lost' ? '' : (error as Error).message;
    }
    running = false;
    showState();
  };
  setInterval(() => void run(), ms);
  void run();
  return () => void run();
}

async function loadList(): Promise<void> {
  const answer = await api.quotes();
  skew = answer.now - Date.now();
  tiles.set(answer.quotes);
  const shown = tiles.chosenQuote();
  if (shown) chart.show(shown);
  simulated.hidden = !tiles.anySimulated();
}

/** Lines of the watchlist's file that name no ticker. */
async function loadProblems(): Promise<void> {
  const { problems } = await api.watchlist();
  setText(unusable, problems.join('\n'));
  unusable.hidden = !problems.length;
}

const list = every(LIST_EVERY_MS, loadList);
const history = every(HISTORY_EVERY_MS, async () => { await loadList(); tiles.setHistory((await api.history()).history); await loadProblems(); });
every(PORTFOLIO_EVERY_MS, async () => {
  const answer = await api.portfolio();
  held = new Set(answer.positions.map(({ ticker }) => ticker));
  portfolio.set(answer);
});
every(HEALTH_EVERY_MS, async () => {
  const figures = await api.health();
  topicProblem = figures.topic_problem;
  setText(rate, t('perSecond', { n: fixed(figures.messages_per_second, 1) }));
  health.set(figures);
});
every(GAPS_EVERY_MS, async () => {
  try {
    health.gaps.set(await api.gaps());
  } catch (error) {
    if (state !== 'lost') health.gaps.fail((error as Error).message);
  }
});

new Stream((tick) => {
  lastTick = Date.now();
  skew = tick.now - lastTick;
  for (const quote of tick.quotes) {
    if (tiles.update(quote)) chart.update({ ...tiles.quote(quote.ticker)!, ...quote });
  }
}, (next) => { state = next; showState(); }, () => { list(); history(); chart.catchUp(); });
setInterval(() => { tiles.tick(Date.now() + skew); if (state === 'lost') showState(); }, 1_000);
showState();
