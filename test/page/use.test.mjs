// The page as people use it: by keyboard, on a phone, with odd tickers, long lists, several tabs, and while pregao is away.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hide, Pregao, withBrowser } from './pregao.mjs';

const ODD = ['BRK-B', '^BVSP', 'EURUSD=X', 'BTC-USD', 'CL=F', '0700.HK', 'M&M.NS'];
const MANY = Array.from({ length: 60 }, (_, i) => `STOCK${i}.SA`);
const WATCHLIST = `${ODD.join('\n')}\n${MANY.map((ticker, i) => `${ticker} ${i + 1} 1234567.89`).join('\n')}\n`;
const pregao = new Pregao(WATCHLIST);
const open = withBrowser(pregao);

const tile = (page, ticker) => page.locator(`[data-ticker="${ticker}"]`);
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
async function add(page, ticker) {
  await page.getByLabel('Add a ticker').fill(ticker);
  await page.getByLabel('Add a ticker').press('Enter');
}

test('a ticker with odd characters has its tile, chart and bars, and is added and removed', async () => {
  const { page, problems, close } = await open();
  for (const ticker of ODD) {
    await tile(page, ticker).locator('.tile-main').click();
    assert.equal(await page.locator('.chart h2').textContent(), ticker);
    const answer = await page.request.get(`${pregao.url}/api/bars?interval=1m&ticker=${encodeURIComponent(ticker)}`);
    assert.equal((await answer.json()).ticker, ticker);
  }
  await add(page, '^gspc');
  await tile(page, '^GSPC').waitFor();
  await tile(page, '^GSPC').hover();
  await page.getByRole('button', { name: 'Remove ^GSPC' }).click();
  await tile(page, '^GSPC').waitFor({ state: 'detached' });
  assert.equal(pregao.watchlist(), WATCHLIST);
  assert.deepEqual(problems, []);
  await close();
});

test('Tab goes to everything that can be used, shows where it is, and each has a name', async () => {
  const { page, close } = await open();
  const seen = [];
  for (let i = 0; i < 400; ++i) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const of = document.activeElement;
      if (!of || of === document.body) return null;
      const name = of.getAttribute('aria-label') ?? of.textContent.trim();
      return { name, section: of.closest('section')?.className ?? 'top', outline: getComputedStyle(of).outlineStyle !== 'none', opacity: getComputedStyle(of).opacity };
    });
    if (!at) break;
    seen.push(at);
  }
  assert.deepEqual([...new Set(seen.map(({ section }) => section))], ['top', 'panel list', 'panel portfolio', 'panel chart', 'panel pipeline', 'panel sql'].filter((name) => seen.some(({ section }) => section === name)));
  for (const section of ['top', 'panel list', 'panel portfolio', 'panel chart', 'panel sql']) assert.ok(seen.some((at) => at.section === section), section);
  assert.deepEqual(seen.filter(({ name }) => !name), [], 'each says what it is');
  assert.deepEqual(seen.filter(({ outline, opacity }) => !outline || opacity === '0'), [], 'each is seen');
  const beneath = [];
  for (let i = 0; i < seen.length; ++i) {
    await page.keyboard.press('Shift+Tab');
    beneath.push(await page.evaluate(() => {
      const of = document.activeElement, header = document.querySelector('.top');
      return !header.contains(of) && of !== document.body && of.getBoundingClientRect().top < header.getBoundingClientRect().bottom ? of.outerHTML.slice(0, 80) : null;
    }));
  }
  assert.deepEqual(beneath.filter((each) => each), [], 'and none beneath the header on the way back');
  await close();
}, { timeout: 60_000 });

test('a tile that is removed by keyboard leaves the focus at the one that has its place', async () => {
  const { page, close } = await open();
  await add(page, 'AAA1.SA');
  await tile(page, 'AAA1.SA').waitFor();
  await add(page, 'AAA2.SA');
  await tile(page, 'AAA2.SA').waitFor();
  await page.getByRole('button', { name: 'Remove AAA1.SA' }).focus();
  await page.keyboard.press('Enter');
  await tile(page, 'AAA1.SA').waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement.closest('.tile')?.dataset.ticker), 'AAA2.SA');
  // What another tab adds takes the focus from nobody.
  await page.getByRole('button', { name: 'Remove AAA2.SA' }).focus();
  await page.request.post(`${pregao.url}/api/watchlist`, { data: { add: 'AAA3.SA' } });
  await tile(page, 'AAA3.SA').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Remove AAA2.SA');
  for (const ticker of ['AAA2.SA', 'AAA3.SA']) await page.request.post(`${pregao.url}/api/watchlist`, { data: { remove: ticker } });
  await close();
});

test('two tabs that add tickers at once lose none', async () => {
  const [one, two] = await Promise.all([open(), open()]);
  const adds = async ({ page }, names) => {
    for (const name of names) {
      await add(page, name);
      await tile(page, name).waitFor();
    }
  };
  const names = (letter) => Array.from({ length: 5 }, (_, i) => `TAB${letter}${i}.SA`);
  await Promise.all([adds(one, names('A')), adds(two, names('B'))]);
  const all = [...names('A'), ...names('B')];
  for (const name of all) {
    await tile(one.page, name).waitFor();
    await tile(two.page, name).waitFor();
  }
  assert.deepEqual(pregao.watchlist().trim().split('\n').slice(-10).sort(), all);
  for (const ticker of all) await one.page.request.post(`${pregao.url}/api/watchlist`, { data: { remove: ticker } });
  assert.equal(pregao.watchlist(), WATCHLIST);
  await one.close();
  await two.close();
});

for (const width of [360, 1440]) {
  test(`a long portfolio and wide answers scroll by themselves at ${width} px`, async () => {
    const { page, close } = await open({ viewport: { width, height: 800 } });
    await page.locator('.portfolio tbody tr').nth(MANY.length - 1).waitFor();
    const portfolio = await page.locator('.portfolio .scroll').evaluate((box) => ({ shown: box.clientHeight, all: box.scrollHeight }));
    assert.ok(portfolio.shown <= 420 && portfolio.all > portfolio.shown);
    for (const sql of ['SELECT * FROM silver', 'SELECT range AS n FROM range(1000)', "SELECT repeat('wide', 500) AS x", 'SELECT * FROM silver WHERE ' + 'nonsense_column_name_'.repeat(20) + ' = 1']) {
      await page.locator('#sql').fill(sql);
      await page.locator('#sql').press('Control+Enter');
      await page.locator('.sql-out td, .sql-out [role=alert]').first().waitFor();
      await page.getByRole('button', { name: 'Run', exact: true }).waitFor();
      assert.equal(await overflow(page), 0, sql.slice(0, 40));
    }
    await close();
  });
}

test('a wrong statement leaves no old rows and nothing to download', async () => {
  const { page, close } = await open();
  await page.locator('#sql').fill('SELECT 1 AS n');
  await page.locator('#sql').press('Control+Enter');
  await page.locator('.sql td').first().waitFor();
  for (const [sql, words] of [['SELEC 1', 'LINE 1'], ['SELECT 1; SELECT 2', 'one statement'], ['', 'statement'], ['SELECT * FROM nothing_such', 'there is']]) {
    await page.locator('#sql').fill(sql);
    await page.locator('#sql').press('Control+Enter');
    await page.locator('.sql [role=alert]', { hasText: words }).waitFor();
    assert.equal(await page.locator('.sql td').count(), 0);
    assert.ok(await page.getByRole('button', { name: 'Download CSV' }).isDisabled());
  }
  await close();
});

test('while pregao is away the page says so in its own words, and all goes on when it is back', async () => {
  const { page, close } = await open({ locale: 'pt-BR' });
  await pregao.stop();
  await page.locator('.pill', { hasText: 'Reconectando' }).waitFor();
  await page.locator('#add').fill('ITUB4.SA');
  await page.locator('#add').press('Enter');
  await page.locator('.list [role=alert]', { hasText: 'O pregao não responde. Ele está rodando?' }).waitFor();
  await page.locator('#sql').press('Control+Enter');
  await page.locator('.sql [role=alert]', { hasText: 'O pregao não responde' }).waitFor();
  const reloaded = await (await page.context().newPage()).goto(pregao.url).then(() => true, () => false);
  assert.equal(reloaded, false, 'there is nobody to load a page from');
  await pregao.start();
  await page.locator('.pill', { hasText: 'Ao vivo' }).waitFor();
  await page.locator('#add').press('Enter');
  await tile(page, 'ITUB4.SA').waitFor();
  assert.equal(await page.locator('#add').inputValue(), '');
  assert.ok(await page.locator('.list [role=alert]').isHidden());
  await page.locator('#sql').press('Control+Enter');
  await page.locator('.sql td').first().waitFor();
  await page.reload();
  await page.locator('.tile:not(.waiting) .price').first().waitFor();
  await close();
}, { timeout: 90_000 });

test('a ticker with a position is removed only by who says so', async () => {
  const { page, close } = await open();
  await page.locator('.portfolio td', { hasText: 'STOCK7.SA' }).waitFor();
  const asked = [], before = pregao.watchlist();
  const answer = async (yes) => {
    page.once('dialog', (dialog) => { asked.push(dialog.message()); void (yes ? dialog.accept() : dialog.dismiss()); });
    await page.getByRole('button', { name: 'Remove STOCK7.SA' }).focus();
    await page.keyboard.press('Enter');
  };
  await answer(false);
  assert.equal(pregao.watchlist(), before);
  await answer(true);
  await tile(page, 'STOCK7.SA').waitFor({ state: 'detached' });
  assert.equal(asked.length, 2);
  assert.match(asked[0], /STOCK7\.SA.*quantity/);
  assert.doesNotMatch(pregao.watchlist(), /STOCK7\.SA/);
  await close();
});

test('while it is not known who holds what, each removal is asked about', async () => {
  const { page, close } = await open();
  await page.route('**/api/portfolio', (route) => route.fulfill({ status: 500, json: { error: 'no' } }));
  await page.reload();
  await tile(page, 'CL=F').hover();
  const before = pregao.watchlist(), asked = page.waitForEvent('dialog');
  const clicked = page.getByRole('button', { name: 'Remove CL=F' }).click();
  await (await asked).dismiss();
  await clicked;
  assert.equal(pregao.watchlist(), before);
  await close();
});

test('a round that gets no answer is not asked again beside itself', async () => {
  const { page, close } = await open();
  let asked = 0;
  await page.route('**/api/portfolio', () => { ++asked; });
  for (let i = 0; i < 3; ++i) await page.waitForResponse((answer) => answer.url().endsWith('/api/health'));
  assert.equal(asked, 1);
  await close();
});

test('a tab in the background takes no connection for its stream', async () => {
  const { page: other, close } = await open();
  const page = await other.context().newPage(), streams = [];
  page.on('request', (request) => { if (request.url().endsWith('/api/stream')) streams.push(request); });
  await page.addInitScript(() => Object.defineProperty(document, 'hidden', { configurable: true, get: () => true }));
  await page.goto(pregao.url);
  await page.locator('.pill', { hasText: 'Connecting' }).waitFor();
  await hide(page, false);
  await page.locator('.pill', { hasText: 'Live' }).waitFor();
  assert.equal(streams.length, 1, 'when somebody looked');
  await close();
});

test('where site data are blocked the page works, and forgets the theme', async () => {
  const { page: other, close } = await open();
  const page = await other.context().newPage();
  await page.addInitScript(() => Object.defineProperty(window, 'localStorage', { get: () => { throw new DOMException('denied', 'SecurityError'); } }));
  await page.goto(pregao.url);
  await page.locator('.tile:not(.waiting) .price').first().waitFor();
  await page.getByRole('button', { name: 'Switch between light and dark' }).click();
  assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
  await close();
});

test('a price that changes flashes, up or down', async () => {
  const { page, close } = await open();
  await page.locator('.tile.flash-up, .tile.flash-down').first().waitFor();
  await close();
});
