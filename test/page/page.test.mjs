// The page in a real Chromium, over pregao on its simulated market.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Pregao, withBrowser } from './pregao.mjs';

const require = createRequire(import.meta.url);
const pregao = new Pregao();
const open = withBrowser(pregao);

const price = (page, ticker) => page.locator(`[data-ticker="${ticker}"] .price`);

test('tiles move, with change, percent and age, and their sparkline is drawn', async () => {
  const { page, problems, close } = await open();
  const first = await price(page, 'BTC-USD').textContent();
  await page.waitForFunction(([ticker, old]) => document.querySelector(`[data-ticker="${ticker}"] .price`).textContent !== old, ['BTC-USD', first]);
  assert.match(await page.locator('[data-ticker="BTC-USD"] .change').textContent(), /^[▲▼•] [+-]?[\d,.]+ +\([+-]?[\d.]+%\)$/);
  await page.locator('[data-ticker="BTC-USD"] .spark-line[d^="M"]').waitFor({ state: 'attached' });
  await page.locator('[data-ticker="BTC-USD"] .age', { hasText: /now|ago/ }).waitFor();
  await page.locator('.pill', { hasText: 'Live' }).waitFor();
  assert.deepEqual(problems, []);
  await close();
});

test('every interval of the chart is shown without an error', async () => {
  const { page, problems, close } = await open();
  for (const interval of ['5m', '15m', '1h', '1d', '1m']) {
    await page.getByRole('button', { name: interval, exact: true }).click();
    await page.waitForResponse((response) => response.url().includes(`interval=${interval}`) && response.ok());
  }
  await page.locator('[data-ticker="AAPL"] .tile-main').click();
  assert.equal(await page.locator('.chart h2').textContent(), 'AAPL');
  await page.locator('.chart .chart-note').waitFor({ state: 'hidden' });
  // Gold makes them beside `run`, some seconds after the quotes.
  await page.waitForFunction(async () => (await (await fetch('/api/bars?ticker=AAPL&interval=1m')).json()).bars.length > 0, null, { polling: 500 });
  assert.deepEqual(problems, []);
  await close();
});

test('the portfolio and the health of the pipeline have figures', async () => {
  const { page, close } = await open();
  await page.locator('.portfolio td', { hasText: 'PETR4.SA' }).waitFor();
  assert.match(await page.locator('.portfolio .sum').first().textContent(), /BRL.*Day.*Total/);
  await page.waitForFunction(() => Number(document.querySelector('.health dd').textContent) > 0);
  await close();
});

test('the portfolio is summed in each currency and in the base currency, its rates apart from the watchlist', async () => {
  const { page, close } = await open();
  await page.waitForFunction(() => /^\D*[\d,]+\.\d\d/.test(document.querySelector('.portfolio .sum.base strong')?.textContent ?? ''));
  assert.deepEqual(await page.locator('.portfolio .sum small').allTextContents(), ['BRL', 'USD', 'All in BRL']);
  const answer = await (await page.request.get(`${pregao.url}/api/portfolio`)).json();
  const [brl, usd] = answer.totals.map(({ value }) => value);
  assert.deepEqual(answer.rates.map(({ ticker }) => ticker), ['BRL=X']);
  assert.ok(Math.abs(answer.base.value - (brl + usd * answer.rates[0].price)) < 1e-6 * answer.base.value);
  await page.locator('.portfolio .rates', { hasText: /^Rates: BRL=X \d/ }).waitFor();
  assert.equal(await page.locator('[data-ticker="BRL=X"]').count(), 0);
  assert.doesNotMatch(pregao.watchlist(), /BRL=X/);
  await close();
});

test('a reject of another day bears its date', async () => {
  const { page, close } = await open();
  await page.route('**/api/health', async (route) => {
    const response = await route.fetch(), json = await response.json();
    await route.fulfill({ response, json: { ...json, rejects: [json.now, json.now - 2 * 86_400_000].map((time) => [time, 'a reason', null, null, '{}']) } });
  });
  await page.locator('.pipeline td.raw').nth(1).waitFor();
  const [today, before] = await page.locator('.pipeline tr:has(.raw) td:first-child').allTextContents();
  assert.match(today, /^\d\d:\d\d:\d\d [AP]M$/);
  assert.match(before, /^[A-Z][a-z]{2} \d\d, \d\d:\d\d:\d\d [AP]M$/);
  await close();
});

test('while a rate is not known nothing is summed in the base currency, and the page says so', async () => {
  const { page, close } = await open();
  await page.route('**/api/portfolio', async (route) => {
    const response = await route.fetch(), json = await response.json();
    for (const position of json.positions) if (position.currency === 'USD') position.rate = position.base_value = null;
    json.base = { ...json.base, value: null, cost: null, day: null, total: null };
    await route.fulfill({ response, json });
  });
  await page.locator('.portfolio .problem', { hasText: 'Nothing is summed in BRL: the rate of USD is not known yet.' }).waitFor();
  assert.equal(await page.locator('.portfolio .sum.base strong').textContent(), '–');
  await close();
});

test('SQL gives a table and a CSV; a bad statement shows its error; files are out of reach', async () => {
  const { page, close } = await open();
  const run = async (sql) => {
    await page.locator('#sql').fill(sql);
    await page.locator('#sql').press('Control+Enter');
  };
  await run("SELECT 'a,b' AS x, 1.5 AS y, NULL AS z");
  await page.locator('.sql td', { hasText: 'a,b' }).waitFor();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download CSV' }).click();
  const chunks = [];
  for await (const chunk of await (await download).createReadStream()) chunks.push(chunk);
  assert.equal(Buffer.concat(chunks).toString(), 'x,y,z\r\n"a,b",1.5,\r\n');
  await run('SELEKT 1');
  await page.locator('.sql [role=alert]', { hasText: 'syntax error at or near "SELEKT"' }).waitFor();
  await run("SELECT * FROM read_csv('/etc/passwd')");
  await page.locator('.sql [role=alert]', { hasText: 'read_csv is not allowed from the page' }).waitFor();
  await run("COPY (SELECT 1) TO 'x.csv'");
  await page.locator('.sql [role=alert]', { hasText: 'only SELECT' }).waitFor();
  await close();
});

test('a ticker that is added appears with a price within ten seconds, and goes again', async () => {
  const { page, problems, close } = await open();
  await page.getByLabel('Add a ticker').fill('itub4.sa');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.locator('[data-ticker="ITUB4.SA"]:not(.waiting) .price').waitFor({ timeout: 10_000 });
  assert.match(pregao.watchlist(), /^# of the test\nPETR4\.SA 100 32\.10 {2}# held\n[^]*\nITUB4\.SA\n$/);
  await page.getByLabel('Add a ticker').fill('no ticker');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.locator('.list ~ *, .list').getByRole('alert').filter({ hasText: 'ticker' }).first().waitFor();
  await page.locator('[data-ticker="ITUB4.SA"]').hover();
  await page.getByRole('button', { name: 'Remove ITUB4.SA' }).click();
  await page.locator('[data-ticker="ITUB4.SA"]').waitFor({ state: 'detached' });
  assert.doesNotMatch(pregao.watchlist(), /ITUB4/);
  assert.deepEqual(problems, []);
  await close();
});

for (const width of [360, 1440]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`nothing overflows and axe finds nothing serious at ${width} px, ${colorScheme}`, async () => {
      const { page, close } = await open({ viewport: { width, height: 800 }, colorScheme, reducedMotion: 'reduce', bypassCSP: true });
      await page.getByRole('button', { name: 'Run', exact: true }).click();
      await page.locator('.sql td').first().waitFor();
      await page.locator('.portfolio td').first().waitFor();
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(wide, 0);
      await page.addScriptTag({ path: require.resolve('axe-core/axe.min.js') });
      const { violations } = await page.evaluate(() => window.axe.run());
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      assert.deepEqual(serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).slice(0, 3)}`), []);
      await close();
    });
  }
}

test('it speaks Portuguese, with its numbers, to a Brazilian browser', async () => {
  const { page, close } = await open({ locale: 'pt-BR' });
  await page.locator('.pill', { hasText: 'Ao vivo' }).waitFor();
  assert.match(await price(page, 'BTC-USD').textContent(), /^\d{2,3}\.\d{3},\d{2}$/);
  assert.equal(await page.locator('html').getAttribute('lang'), 'pt-BR');
  await close();
});

test('it is used by keyboard alone', async () => {
  const { page, close } = await open();
  await page.locator('[data-ticker="MSFT"] .tile-main').focus();
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('.chart h2').textContent(), 'MSFT');
  assert.equal(await page.locator('[data-ticker="MSFT"] .tile-main').getAttribute('aria-pressed'), 'true');
  await close();
});

test('other hosts, other origins, other methods and paths are refused', async () => {
  const { page, close } = await open();
  const status = async (path, options) => (await page.request.fetch(pregao.url + path, options)).status();
  assert.equal(await status('/api/quotes', { headers: { Host: 'evil.example' } }), 403);
  assert.equal(await status('/api/watchlist', { method: 'POST', data: { add: 'X' }, headers: { Origin: 'http://evil.example' } }), 403);
  assert.equal(await status('/api/watchlist', { method: 'POST', data: '{"add":"X"}', headers: { 'Content-Type': 'text/plain' } }), 415);
  assert.equal(await status('/api/watchlist', { method: 'DELETE' }), 405);
  for (const path of ['/..%2f..%2fetc/passwd', '/%2e%2e/carteira.txt', '//etc/passwd', '/app.js/../carteira.txt%00', '/api']) assert.equal(await status(path), 404, path);
  await close();
});

test('a lost connection is shown, and heals by itself', async () => {
  const { page, close } = await open({ bypassCSP: true, reducedMotion: 'reduce' });
  await pregao.stop();
  await page.locator('.pill', { hasText: 'Reconnecting' }).waitFor();
  await page.locator('.banner', { hasText: /The connection to pregao is lost.*What you see is from \d+ s ago/ }).waitFor();
  assert.doesNotMatch(await page.locator('.banner [role=alert]').textContent(), /ago/, 'what changes each second is not read aloud');
  await page.addScriptTag({ path: require.resolve('axe-core/axe.min.js') });
  const { violations } = await page.evaluate(() => window.axe.run('.tiles', { runOnly: 'color-contrast' }));
  assert.deepEqual(violations.flatMap(({ nodes }) => nodes.map((node) => node.html)).slice(0, 3), [], 'old prices can be read');
  await pregao.start();
  await page.locator('.pill', { hasText: 'Live' }).waitFor();
  await page.locator('.banner').waitFor({ state: 'hidden' });
  const now = await price(page, 'BTC-USD').textContent();
  await page.waitForFunction((old) => document.querySelector('[data-ticker="BTC-USD"] .price').textContent !== old, now);
  await close();
}, { timeout: 90_000 });
