// A mock studio and Debian's Chromium for one test file. Fails on script errors and on anything
// that the content security policy blocked.
import type { Server } from 'node:http';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
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
    private readonly browser: Browser,
    private readonly server: Server,
    private readonly locked: boolean,
  ) {}

  static async start(options: MockOptions = {}): Promise<Harness> {
    const { server, url } = await startMock({ speed: 8, ...options });
    const executablePath = process.env['AMS_CHROMIUM'] ?? '/usr/bin/chromium';
    return new Harness(
      url,
      await chromium.launch({ executablePath, args: FLAGS }),
      server,
      Boolean(options.token),
    );
  }

  // A tab of its own: empty storage, another session.
  async open(path = '/', width = 1440, height = 900): Promise<Page> {
    const page = await this.browser.newPage({
      viewport: { width, height },
      reducedMotion: 'reduce',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (message) => {
      const text = message.text();
      const expected = /Failed to load resource/.test(text); // answers of 4xx that a test provokes
      if (['error', 'warning'].includes(message.type()) && !expected) this.complaints.push(text);
    });
    await page.goto(this.url + path);
    if (!this.locked) await page.getByRole('heading', { name: 'ACE Music Studio' }).waitFor();
    return page;
  }

  async close() {
    await this.browser.close();
    this.server.closeAllConnections();
    this.server.close();
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
