// Gaps of the stream in the pipeline's panel.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { frame } from './frame.mjs';
import { Pregao, withBrowser } from './pregao.mjs';

const TICKER = 'UNKNOWN-USD'; // of which the simulator says nothing, in its history neither
const MINUTE = 60_000, NOW = Math.floor(Date.now() / MINUTE) * MINUTE;
const pregao = new Pregao(`${TICKER}\nBTC-USD\n`);
const open = withBrowser(pregao, '--gold.interval', '1s');

const gap = (minutes, state, more = {}) => ({ ticker: 'AAPL', from: NOW - 60 * MINUTE, to: NOW - (60 - minutes) * MINUTE, minutes, filled: 0, feed_silent: true, calendar: 'XNYS', state, ...more });
/** A page whose server tells of these gaps. */
async function told(answer, options) {
  const opened = await open(options);
  await opened.page.route('**/api/gaps', (route) => route.fulfill({ json: { now: NOW, days: 7, ...answer } }));
  await opened.page.reload();
  await opened.page.locator('.gaps:not([aria-busy])').waitFor();
  return opened;
}
const rows = (page) => page.locator('.gaps tbody tr').evaluateAll((all) => all.map((row) => [...row.cells].map((cell) => cell.textContent)));

test('without a gap the page says that there is none, and without bars that it cannot know', async () => {
  for (const [count, words] of [[0, 'No gap in the last 7 days'], [null, 'There are no bars yet']]) {
    const { page, close } = await told({ count, waiting: count, gaps: [] });
    await page.locator('.gaps', { hasText: words }).waitFor();
    assert.deepEqual(await rows(page), []);
    await close();
  }
});

test('a silence of an open market becomes a row', async () => {
  const lines = [40, 30, 20].map((ago) => `${Date.now()} ${frame({ ticker: TICKER, price: 100, time: NOW - ago * MINUTE, volume: 1000 })}`);
  writeFileSync(join(pregao.folder, 'frames.txt'), `${lines.join('\n')}\n`);
  await pregao.command('replay', 'frames.txt', '--topic', 'local:data/demo/topic.db', '--source', 'simulator');
  const { page, problems, close } = await open();
  // BTC-USD may have one, too: the simulator's first quote is hours old.
  const mine = page.getByRole('region', { name: 'Gaps' }).locator('tr', { hasText: TICKER });
  await mine.nth(1).waitFor({ timeout: 60_000 });
  const found = (await rows(page)).filter(([ticker]) => ticker === TICKER);
  assert.deepEqual(found.map(([ticker, , minutes, , state]) => [ticker, minutes, state]), [[TICKER, '9', 'waiting'], [TICKER, '9', 'waiting']]);
  const expected = await page.evaluate(([from, to]) => new Intl.DateTimeFormat('en-US', { day: '2-digit', month: 'short', hour: '2-digit', minute: '2-digit' }).formatRange(from, to),
                                       [NOW - 29 * MINUTE, NOW - 20 * MINUTE]);
  assert.equal(found[0][1], expected, 'the newest is the first');
  assert.deepEqual(problems, []);
  await close();
}, { timeout: 120_000 });

test('each tells what became of it, and how many are not listed', async () => {
  const { page, close } = await told({ count: 1234, waiting: 1, gaps: [gap(5, 'waiting', { feed_silent: false }), gap(14, 'partly', { filled: 3 }), gap(10, 'filled', { filled: 10 }), gap(7, 'unfilled')] });
  assert.match(await page.locator('.gaps p').textContent(), /^1,234 in the last 7 days; waiting for the history: 1; the newest 4 are listed$/);
  assert.deepEqual((await rows(page)).map((row) => row.slice(2)), [
    ['5', 'this ticker alone', 'waiting'], ['14', 'no ticker spoke', '3 of 14 filled'], ['10', 'no ticker spoke', 'filled'], ['7', 'no ticker spoke', 'not in the history']]);
  await close();
});

test('in Portuguese, on a phone, nothing is wider than the screen', async () => {
  const gaps = Array.from({ length: 50 }, (_, i) => gap(5 + i, 'filled', { ticker: 'PETR4.SA', filled: 5 + i }));
  const { page, close } = await told({ count: 50, waiting: 0, gaps }, { locale: 'pt-BR', viewport: { width: 360, height: 800 } });
  assert.match(await page.locator('.gaps p').textContent(), /^50 nos últimos 7 dias; esperando o histórico: 0$/);
  assert.equal((await rows(page))[0].at(-1), 'preenchida');
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0);
  await close();
});

test('an error of the gaps stands in their place, and the rest of the page goes on', async () => {
  const { page, close } = await open();
  await page.route('**/api/gaps', (route) => route.fulfill({ status: 500, json: { error: 'gold/bars is damaged' } }));
  await page.reload();
  await page.locator('.gaps .problem', { hasText: 'gold/bars is damaged' }).waitFor();
  assert.ok(await page.locator('.banner').isHidden());
  await close();
});
