// node screenshots.mjs OUT [SECONDS]: pictures of the page on a simulated market, light and dark, wide and on a phone.
import { join } from 'node:path';
import { launch, Pregao } from './pregao.mjs';

const [out, seconds = '40'] = process.argv.slice(2);
const WATCHLIST = 'PETR4.SA 100 6.10\nVALE3.SA 50 7.20\nITUB4.SA\nBBAS3.SA\n^BVSP\nAAPL 12 120\nMSFT\nNVDA\nSPY\nBTC-USD 0.05 69000\nETH-USD\nBRL=X\nEURUSD=X\n';
const PICTURES = [
  { name: 'page-light', colorScheme: 'light', viewport: { width: 1440, height: 1080 }, locale: 'en-US' },
  { name: 'page-dark', colorScheme: 'dark', viewport: { width: 1440, height: 1080 }, locale: 'pt-BR' },
  { name: 'page-phone', colorScheme: 'dark', viewport: { width: 390, height: 844 }, locale: 'pt-BR', deviceScaleFactor: 2 },
];

const pregao = new Pregao(WATCHLIST);
const browser = await launch();
try {
  await pregao.start('--sim.tick', '200ms'); // whose market runs five times as fast
  await new Promise((done) => setTimeout(done, Number(seconds) * 1000));
  for (const { name, ...options } of PICTURES) {
    const page = await browser.newPage({ reducedMotion: 'reduce', ...options });
    await page.goto(pregao.url);
    await page.locator('.tile .price').first().waitFor();
    await page.locator('[data-ticker="PETR4.SA"] button').first().click();
    await page.getByRole('button', { name: /^(Run|Executar)$/ }).click();
    await page.locator('.sql td').first().waitFor();
    await page.evaluate(() => { document.activeElement?.blur(); scrollTo(0, 0); });
    await page.waitForTimeout(4000);
    await page.screenshot({ path: join(out, `${name}.png`), fullPage: process.env.FULL === '1' });
    await page.close();
  }
} finally {
  await browser.close();
  await pregao.end();
}
