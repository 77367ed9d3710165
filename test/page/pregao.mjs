// Starts pregao on its simulator in a folder of its own, and a Chromium to look at it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';

const PROGRAM = resolve(process.env.PREGAO ?? '../../build/release/pregao');
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const START_MS = 30_000, STOP_MS = 20_000;

export const WATCHLIST = '# of the test\nPETR4.SA 100 32.10  # held\nVALE3.SA 50 61,75\nBTC-USD\nEURUSD=X\n^BVSP\nAAPL\nMSFT\nNVDA\n';

export class Pregao {
  folder = mkdtempSync(join(tmpdir(), 'pregao-page-'));
  port = 0;
  #process = null;

  constructor(watchlist = WATCHLIST) { writeFileSync(join(this.folder, 'carteira.txt'), watchlist); }

  get url() { return `http://127.0.0.1:${this.port}`; }
  watchlist() { return readFileSync(join(this.folder, 'carteira.txt'), 'utf8'); }

  /** Starts it; after the first time at the same port. */
  async start(...more) {
    const child = spawn(PROGRAM, ['run', '--source', 'simulator', '--web.listen', `127.0.0.1:${this.port}`, ...more],
                        { cwd: this.folder, stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: process.env.PATH, HOME: this.folder } });
    this.#process = child;
    let log = '';
    await new Promise((found, failed) => {
      const timer = setTimeout(() => failed(new Error(`pregao did not start:\n${log}`)), START_MS);
      child.stderr.on('data', (data) => {
        log += data;
        const line = /the page is at http:\/\/127\.0\.0\.1:(\d+)/.exec(log);
        if (!line) return;
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
    if (!child || child.exitCode !== null) return;
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
