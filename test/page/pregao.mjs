// Starts pregao on its simulator in a folder of its own, and a Chromium to look at it.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before } from 'node:test';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';

const PROGRAM = resolve(process.env.PREGAO ?? '../../build/release/pregao');
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const START_MS = 30_000, STOP_MS = 20_000, PATIENCE_MS = 20_000;

export const WATCHLIST = '# of the test\nPETR4.SA 100 32.10  # held\nVALE3.SA 50 61,75\nBTC-USD 0.1 50000\nEURUSD=X\n^BVSP\nAAPL\nMSFT\nNVDA\n';

export class Pregao {
  folder = mkdtempSync(join(tmpdir(), 'pregao-page-'));
  port = 0;
  market = ''; // where the simulator is asked for history: "//host:port"
  #process = null;

  constructor(watchlist = WATCHLIST) { writeFileSync(join(this.folder, 'carteira.txt'), watchlist); }

  get url() { return `http://127.0.0.1:${this.port}`; }
  watchlist() { return readFileSync(join(this.folder, 'carteira.txt'), 'utf8'); }

  /** Another command beside it, to its end. @return what it wrote. */
  async command(...args) {
    const options = { cwd: this.folder, env: this.#env(), timeout: START_MS };
    return (await promisify(execFile)(PROGRAM, args, options)).stdout;
  }

  #env() { return { PATH: process.env.PATH, HOME: this.folder }; }

  /** Starts it; after the first time at the same port. */
  async start(...more) {
    const child = spawn(PROGRAM, ['run', '--source', 'simulator', '--web.listen', `127.0.0.1:${this.port}`, '--portfolio.currency', 'BRL', ...more],
                        { cwd: this.folder, stdio: ['ignore', 'ignore', 'pipe'], env: this.#env() });
    this.#process = child;
    let log = '';
    await new Promise((found, failed) => {
      const timer = setTimeout(() => failed(new Error(`pregao did not start:\n${log}`)), START_MS);
      child.stderr.on('data', (data) => {
        log += data;
        this.market = /ws:(\/\/127\.0\.0\.1:\d+)/.exec(log)?.[1];
        const line = /the page is at http:\/\/127\.0\.0\.1:(\d+)/.exec(log);
        if (!line || !this.market) return;
        this.port = Number(line[1]);
        clearTimeout(timer);
        found();
      });
      child.once('exit', (code) => failed(new Error(`pregao ended with ${code}:\n${log}`)));
    });
  }

  async stop() {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    child.kill('SIGTERM');
    await once(child, 'exit');
    clearTimeout(timer);
  }

  async end() {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const launch = () => chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--force-color-profile=srgb'] });

/** A page that must make no error and ask nobody but pregao. */
export async function openPage(browser, pregao, options = {}) {
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const problems = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => { if (/Content Security Policy/i.test(message.text())) problems.push(message.text()); });
  page.on('request', (request) => { if (!/^(data:|blob:)/.test(request.url()) && !request.url().startsWith(pregao.url)) problems.push(`asked ${request.url()}`); });
  await page.goto(pregao.url);
  await page.locator('.tile:not(.waiting) .price').first().waitFor();
  return { page, problems, close: () => context.close() };
}

/** Tells the page that its tab is in the background now, or is no longer: a Chromium without windows never does. */
export const hide = (page, hidden = true) => page.evaluate((is) => {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => is });
  document.dispatchEvent(new Event('visibilitychange'));
}, hidden);

/** Starts pregao, with these flags, and a Chromium before a file's tests, and ends both after them. @return what opens a page */
export function withBrowser(pregao, ...flags) {
  let browser;
  before(async () => {
    await pregao.start(...flags);
    browser = await launch();
  }, { timeout: 60_000 });
  after(async () => {
    await browser?.close();
    await pregao.end();
  });
  return (options) => openPage(browser, pregao, options);
}
