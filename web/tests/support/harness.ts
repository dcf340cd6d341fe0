// Debian's Chromium and a studio, mock or real, for one test file. Fails on script errors and on anything
// that the content security policy blocked.
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { type MockOptions, startMock } from '../../mock/server.mjs';
import { makeSong } from '../../mock/wav.mjs';
import { probeAudio } from './audio_probe';

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

export interface Target {
  url: string;
  close: () => void | Promise<void>;
  locked?: boolean; // asks for a token first
  patience_ms?: number; // for what a page waits for; default 30 s
}

export class Harness {
  readonly complaints: string[] = [];

  private constructor(
    readonly url: string,
    private readonly browser: Browser,
    private readonly target: Target,
  ) {}

  // Against a mock studio of its own.
  static async start(options: MockOptions = {}): Promise<Harness> {
    const { server, url } = await startMock({ speed: 8, ...options });
    const close = () => {
      server.closeAllConnections();
      server.close();
    };
    return Harness.against({ url, close, locked: Boolean(options.token) });
  }

  static async against(target: Target): Promise<Harness> {
    const executablePath = process.env['AMS_CHROMIUM'] ?? '/usr/bin/chromium';
    try {
      const browser = await chromium.launch({ executablePath, args: FLAGS });
      return new Harness(target.url, browser, target);
    } catch (error) {
      await target.close();
      throw error;
    }
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
    page.setDefaultTimeout(this.target.patience_ms ?? 30_000);
    await probeAudio(page);
    await page.goto(this.url + path);
    if (!this.target.locked)
      await page.getByRole('heading', { name: 'ACE Music Studio' }).waitFor();
    return page;
  }

  // One story in a tab of its own.
  async story(run: (page: Page) => Promise<void>, path = '/', width = 1440, height = 900) {
    const page = await this.open(path, width, height);
    try {
      await run(page);
    } finally {
      await page.close();
    }
  }

  async close() {
    await this.browser.close();
    await this.target.close();
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

// All panels of a mode's form.
export async function openPanels(page: Page, mode: string) {
  const panels = pane(page, mode).locator('form details');
  await panels.evaluateAll((all) => all.forEach((panel) => panel.setAttribute('open', '')));
}

// Whether audio that was started advances, read from the waveform's position.
export const position = (page: Page, mode: string) =>
  pane(page, mode).getByRole('slider', { name: 'Position', exact: true });

export async function waitForPosition(page: Page, mode: string, seconds: number) {
  await page.waitForFunction(
    ([id, least]) =>
      Number(document.querySelector<HTMLInputElement>(`#${id} .cage input`)?.value) >=
      Number(least),
    [`pane-${mode}`, seconds],
  );
}
