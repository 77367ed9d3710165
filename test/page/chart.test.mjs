// Candles in a real Chromium, of frames whose every number the test has chosen.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { frame } from './frame.mjs';
import { hide, Pregao, withBrowser } from './pregao.mjs';

const TICKER = 'UNKNOWN4.SA'; // of which the simulator says nothing
const MINUTE = 60_000, NOW = Math.floor(Date.now() / MINUTE) * MINUTE;
const pregao = new Pregao(`${TICKER}\nBTC-USD\n`);
const open = withBrowser(pregao, '--gold.interval', '1s');

const minute = (ago) => NOW - ago * MINUTE;
/** Sends quotes, [minutes ago, second of it, price, volume of the day], into the topic that the running pregao reads. */
async function send(quotes) {
  const lines = quotes.map(([ago, second, price, volume]) =>
    `${Date.now()} ${frame({ ticker: TICKER, price, time: minute(ago) + second * 1000, volume })}`);
  writeFileSync(join(pregao.folder, 'frames.txt'), `${lines.join('\n')}\n`);
  await pregao.command('replay', 'frames.txt', '--topic', 'local:data/demo/topic.db', '--source', 'simulator');
}

before(() => send([[10, 0, 100, 1000], [10, 20, 102, 1500], [9, 10, 103, 2000], [2, 5, 104, 2600]]), { timeout: 60_000 });

async function openChart() {
  const opened = await open();
  await opened.page.locator(`[data-ticker="${TICKER}"] .tile-main`).click();
  return opened;
}

/** What a screen reader is told. */
const spoken = (page) => page.locator('.chart [role=status]').textContent();
const legend = (page) => page.locator('.legend').innerText().then((text) => text.replace(/\s+/g, ' '));
/** The legend of the candle that is so many before the last. */
async function candle(page, before) {
  await page.locator('.chart-frame').focus();
  await page.keyboard.press('End');
  for (let i = 0; i < before; ++i) await page.keyboard.press('ArrowLeft');
  return legend(page);
}
/** Asks until the candle is as expected: Gold and the page need some seconds. */
async function until(page, before, expected) {
  let shown;
  for (const end = Date.now() + 40_000; Date.now() < end; await page.waitForTimeout(250)) {
    if (expected.test((shown = await candle(page, before)))) return shown;
  }
  assert.match(shown, expected);
}

test('the arrow keys go from candle to candle, and each says what it is', async () => {
  const { page, problems, close } = await openChart();
  await until(page, 0, /O 104\.00 H 104\.00 L 104\.00 C 104\.00 V 600$/);
  await until(page, 1, /O 103\.00 H 103\.00 L 103\.00 C 103\.00 V 500$/);
  await until(page, 2, /O 100\.00 H 102\.00 L 100\.00 C 102\.00 V 500$/);
  await page.keyboard.press('ArrowLeft');
  assert.match(await legend(page), /O 100\.00/, 'the first candle is the end of the way');
  assert.match(await spoken(page), /O 100\.00 H 102\.00 L 100\.00 C 102\.00 V 500$/);
  await page.locator('#sql').focus();
  assert.match(await legend(page), /O 104\.00/, 'else it is the last');
  assert.deepEqual(problems, []);
  await close();
});

test('a late quote revises its candle and the volume of the next, and one before all others is the first', async () => {
  const { page, problems, close } = await openChart();
  await until(page, 2, /H 102\.00 L 100\.00/);
  await send([[10, 40, 150, 1700]]);
  await until(page, 2, /O 100\.00 H 150\.00 L 100\.00 C 150\.00 V 700$/);
  assert.match(await candle(page, 1), /C 103\.00 V 300$/);
  assert.match(await candle(page, 0), /C 104\.00 V 600$/, 'the others stand');
  assert.match(await page.locator(`[data-ticker="${TICKER}"] .price`).innerText(), /^104\.00$/, 'and so does the newest price');
  await send([[30, 0, 90, 400]]);
  await until(page, 3, /O 90\.00 H 90\.00 L 90\.00 C 90\.00/);
  for (const interval of ['5m', '15m', '1h', '1d', '1m']) {
    await page.getByRole('button', { name: interval, exact: true }).click();
    await page.locator('.legend', { hasText: /104\.00/ }).waitFor();
  }
  assert.deepEqual(problems, []);
  await close();
}, { timeout: 120_000 });

test('a live quote moves the last candle at once, and begins the next', async () => {
  const { page, problems, close } = await openChart();
  await until(page, 0, /C 104\.00/);
  const told = await spoken(page);
  await send([[2, 30, 99, 2700]]);
  await page.locator('.legend', { hasText: /L 99\.00\s*C 99\.00/ }).waitFor({ timeout: 5_000 });
  assert.equal(await spoken(page), told, 'only a key makes it speak');
  await send([[1, 0, 101, 2750]]);
  await page.locator('.legend', { hasText: /O 101\.00\s*H 101\.00/ }).waitFor({ timeout: 5_000 });
  assert.deepEqual(problems, []);
  await close();
});

test('what came while nobody looked is shown once somebody does, with the price above the candles', async () => {
  const { page, problems, close } = await openChart();
  await until(page, 0, /O 101\.00/);
  await send([[1, 10, 105, 2760]]);
  await page.locator('.legend', { hasText: /C 105\.00/ }).waitFor();
  await hide(page);
  await send([[1, 20, 96, 2770]]);
  await page.waitForFunction(async (ticker) => (await (await fetch(`/api/bars?ticker=${ticker}&interval=1m`)).json()).bars.at(-1)[4] === 96, TICKER, { polling: 500 });
  await hide(page, false);
  await page.locator('.legend', { hasText: /C 96\.00/ }).waitFor();
  await page.locator('.figures .big', { hasText: /96\.00/ }).waitFor();
  assert.deepEqual(problems, []);
  await close();
}, { timeout: 60_000 });

test('on the time axis a day begins where it does on the clock of the browser', async () => {
  const { page, problems, close } = await open({ timezoneId: 'America/Sao_Paulo' });
  const from = Date.UTC(2026, 10, 24, 21) / 1000; // six in the evening
  const bars = Array.from({ length: 48 }, (_, i) => [from + i * 900, 10, 11, 9, 10, 100]);
  await page.route('**/api/bars?**', (route) => route.fulfill({ json: { bars, day_offset: -10800 } }));
  await page.evaluate(() => {
    const draw = CanvasRenderingContext2D.prototype.fillText;
    window.drawn = new Map();
    CanvasRenderingContext2D.prototype.fillText = function (text, ...where) { window.drawn.set(text, this.font); draw.call(this, text, ...where); };
  });
  await page.locator(`[data-ticker="${TICKER}"] .tile-main`).click();
  await page.getByRole('button', { name: '15m', exact: true }).click();
  await page.waitForFunction(() => window.drawn.has('Nov 25'));
  const drawn = new Map(await page.evaluate(() => [...window.drawn]));
  assert.ok(!drawn.has('12:00 AM'), 'midnight is the day');
  assert.match(drawn.get('Nov 25'), /Inter/, 'in the letters of the page');
  assert.deepEqual(problems, []);
  await close();
});

test('a candle of a day bears the date of the exchange, wherever the browser is, and a live quote moves it', async () => {
  const day = (zone) => new Intl.DateTimeFormat('en-US', { day: '2-digit', month: 'short', timeZone: zone }).format(minute(1));
  for (const timezoneId of ['America/Los_Angeles', 'Asia/Tokyo']) {
    const { page, problems, close } = await open({ timezoneId });
    await page.locator(`[data-ticker="${TICKER}"] .tile-main`).click();
    await page.getByRole('button', { name: '1d', exact: true }).click();
    await page.locator('.legend', { hasText: day('America/Sao_Paulo') }).waitFor();
    const price = timezoneId === 'Asia/Tokyo' ? 79 : 80; // below all others
    await send([[1, 40, price, 2800]]);
    await page.locator('.legend', { hasText: new RegExp(`^${day('America/Sao_Paulo')}.*L ${price}\\.00`, 's') }).waitFor({ timeout: 5_000 });
    assert.deepEqual(problems, []);
    await close();
  }
});
