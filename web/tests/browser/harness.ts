// A mock studio and Debian's Chromium for one test file. Fails on script errors and on anything
// that the content security policy blocked.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { type MockOptions, startMock } from '../../mock/server.mjs';
import { makeSong } from '../../mock/wav.mjs';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

export class Harness {
  readonly complaints: string[] = [];

  private constructor(
    readonly url: string,
    readonly context: BrowserContext,
    private readonly stop: () => Promise<void>,
  ) {}

  static async start(options: MockOptions = {}): Promise<Harness> {
    const { server, url } = await startMock({ speed: 8, ...options });
    const profile = mkdtempSync(join(tmpdir(), 'ams-web-'));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: process.env['AMS_CHROMIUM'] ?? '/usr/bin/chromium',
      args: FLAGS,
      reducedMotion: 'reduce',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    return new Harness(url, context, async () => {
      await context.close();
      server.closeAllConnections();
      server.close();
      rmSync(profile, { recursive: true, force: true });
    });
  }

  // A fresh tab with empty storage.
  async open(path = '/', width = 1440, height = 900): Promise<Page> {
    const page = await this.context.newPage();
    await page.setViewportSize({ width, height });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (message) => {
      const text = message.text();
      const expected = /Failed to load resource/.test(text); // answers of 4xx that a test provokes
      if (['error', 'warning'].includes(message.type()) && !expected) this.complaints.push(text);
    });
    await page.goto(this.url + path);
    await page.evaluate(() => localStorage.clear());
    await page.goto(this.url + path);
    await page.getByRole('heading', { name: 'ACE Music Studio' }).waitFor();
    return page;
  }

  async close() {
    await this.stop();
    if (this.complaints.length)
      throw new Error(`the page complained: ${this.complaints.join('; ')}`);
  }
}

export const pane = (page: Page, mode: string): Locator => page.locator(`#pane-${mode}`);

export async function choose(page: Page, mode: string) {
  await page.locator(`label:visible:has(input[value="${mode}"])`).first().click();
  await pane(page, mode).waitFor();
}

export async function addAudio(page: Page, mode: string, seconds: number) {
  const file = { name: 'harbour lights.wav', mimeType: 'audio/wav', buffer: makeSong(seconds, 11) };
  await pane(page, mode).locator('input[type="file"][accept*=".wav"]').setInputFiles(file);
  await pane(page, mode).getByText('harbour lights.wav', { exact: true }).waitFor();
}

// Presses the mode's main button and waits for the result.
export async function make(page: Page, mode: string) {
  await pane(page, mode).locator('button.submit').click();
  await pane(page, mode)
    .getByRole('button', { name: 'Play', exact: true })
    .waitFor({ timeout: 20000 });
}
