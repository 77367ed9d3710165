// node screenshots.mjs OUT [SECONDS]: pictures of the page on a simulated market, light and dark, wide and on a phone.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { frame } from './frame.mjs';
import { launch, Pregao } from './pregao.mjs';

const [out, seconds = '40'] = process.argv.slice(2);
const WATCHLIST = 'PETR4.SA 100 6.10\nVALE3.SA 50 7.20\n^BVSP\nAAPL 12 61.50\nNVDA\nMSFT\nBTC-USD 0.05 69000\nBRL=X\nEURUSD=X\n';
const PICTURES = [
  { name: 'page-light', interval: '1h', colorScheme: 'light', viewport: { width: 1440, height: 1080 }, locale: 'en-US' },
  { name: 'page-dark', interval: '1d', colorScheme: 'dark', viewport: { width: 1440, height: 1080 }, locale: 'pt-BR' },
  { name: 'page-phone', interval: '1h', colorScheme: 'dark', viewport: { width: 390, height: 844 }, locale: 'pt-BR', deviceScaleFactor: 2, hasTouch: true, isMobile: true },
];

/** Half an hour that the stream has heard of, which ended half an hour ago: what lies between is a gap. */
async function outage(ticker) {
  const { bars } = await (await fetch(`${pregao.url}/api/bars?ticker=${ticker}&interval=1m`)).json();
  const { quotes } = await (await fetch(`${pregao.url}/api/quotes`)).json();
  const before = quotes.find((quote) => quote.ticker === ticker).time / 1000 - 1800; // a fast market is behind the clock
  const lines = bars.filter(([start]) => start < before && start > before - 1800)
    .map(([start, , , , close]) => `${Date.now()} ${frame({ ticker, price: close, time: (start + 30) * 1000, volume: 1000 })}`);
  writeFileSync(join(pregao.folder, 'frames.txt'), `${lines.join('\n')}\n`);
  await pregao.command('replay', 'frames.txt', '--topic', 'local:data/demo/topic.db', '--source', 'simulator');
}

const pregao = new Pregao(WATCHLIST);
const browser = await launch();
try {
  await pregao.start('--sim.tick', '200ms'); // whose market runs five times as fast
  for (const [interval, from] of [['1m', '2d'], ['1h', '20d'], ['1d', '600d']]) {
    await pregao.command('backfill', '--lake', 'data/demo/lake', '--interval', interval, '--from', from,
                         '--yahoo.chart-url', `http:${pregao.market}`, '--yahoo.chart-requests-per-minute', '600');
  }
  await outage('BTC-USD');
  await new Promise((done) => setTimeout(done, Number(seconds) * 1000));
  for (const { name, interval, ...options } of PICTURES) {
    const page = await browser.newPage({ reducedMotion: 'reduce', ...options });
    await page.goto(pregao.url);
    await page.locator('.tile .price').first().waitFor();
    await page.locator('[data-ticker="NVDA"] button').first().click();
    const answered = page.waitForResponse((answer) => answer.url().includes(`ticker=NVDA&interval=${interval}`) && answer.ok());
    await page.getByRole('button', { name: interval, exact: true }).click();
    await answered;
    await page.getByRole('button', { name: /^(Run|Executar)$/ }).click();
    await page.locator('.sql td').first().waitFor();
    await page.mouse.move(0, 0);
    await page.evaluate(() => { document.activeElement?.blur(); scrollTo(0, 0); });
    await page.waitForTimeout(4000);
    await page.screenshot({ path: join(out, `${name}.png`), fullPage: process.env.FULL === '1' });
    await page.close();
  }
} finally {
  await browser.close();
  await pregao.end();
}
