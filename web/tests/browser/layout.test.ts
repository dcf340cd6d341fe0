// The layout rules of studio.md 4.9, in a real browser.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODES } from '../../src/api/types';
import { choose, Harness, make, openPanels, pane } from '../support/harness';

let studio: Harness;
beforeAll(
  async () => (studio = await Harness.start({ speed: 20, quality: 'test', device: 'cpu' })),
);
afterAll(async () => studio.close());

const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
const width = async (page: Page, selector: string) =>
  (await page.locator(selector).boundingBox())?.width ?? 0;

// Visible controls lower than a fingertip; a checkbox counts with its label.
const smallTargets = (page: Page) =>
  page.evaluate(() => {
    const controls = 'button, a.button, a.icon-button, select, textarea, summary, label:has(input)';
    const inputs = 'input:not([type=checkbox], [type=radio], [type=file], .visually-hidden)';
    const found: string[] = [];
    for (const element of document.querySelectorAll(`${controls}, ${inputs}`)) {
      const { width, height } = element.getBoundingClientRect();
      const inTree = element.closest('.tree') !== null; // text to read, not needed to operate
      if (width > 0 && height < 31.5 && !inTree)
        found.push(`${element.tagName} ${element.textContent?.trim() || element.id} ${height}`);
    }
    return found;
  });

describe.each([360, 390, 412, 700, 800, 1024, 1440])('at %i px', (viewport) => {
  it('nothing is wider than the page, in any mode, before and after audio', async () => {
    const page = await studio.open('/', viewport, 900);
    for (const mode of MODES) {
      await choose(page, mode);
      await openPanels(page, mode);
      expect(await overflow(page), mode).toBeLessThanOrEqual(0);
    }
    await choose(page, 'generate');
    await pane(page, 'generate').locator('[name=prompt]').fill('x'.repeat(200));
    const before = await width(page, '#pane-generate');
    await make(page, 'generate');
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(await width(page, '#pane-generate')).toBe(before);
    await page.close();
  });

  it('the navigation has its shape', async () => {
    const page = await studio.open('/', viewport, 900);
    const sidebar = await width(page, 'aside');
    const strip = await page.locator('.strip').isVisible();
    if (viewport > 1024) expect(sidebar).toBeGreaterThanOrEqual(188);
    if (viewport > 1024) expect(sidebar).toBeLessThanOrEqual(210);
    if (viewport > 640 && viewport <= 1024) expect(sidebar).toBe(48);
    if (viewport <= 640) expect([sidebar, strip]).toEqual([0, true]);
    else expect(strip).toBe(false);
    await page.close();
  });
});

describe('when audio arrives', () => {
  it('nothing moves', async () => {
    const page = await studio.open('/', 1440, 900);
    await page.evaluate(() => {
      const shifts: number[] = [];
      Object.assign(window, { shifts });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as (PerformanceEntry & {
          value: number;
          hadRecentInput: boolean;
        })[])
          if (!entry.hadRecentInput) shifts.push(entry.value);
      }).observe({ type: 'layout-shift', buffered: true });
    });
    await pane(page, 'generate').locator('[name=prompt]').fill('waltz');
    await make(page, 'generate');
    const title = () => pane(page, 'generate').locator('.output h2').textContent();
    const first = await title();
    await pane(page, 'generate').getByRole('button', { name: 'Retake' }).click();
    await expect.poll(title, { timeout: 15000 }).not.toBe(first);
    await pane(page, 'generate').getByRole('button', { name: '−14 LUFS' }).click();
    await pane(page, 'generate').getByText('Normalised').waitFor();
    await page.waitForTimeout(300);
    const total = await page.evaluate(() =>
      (window as unknown as { shifts: number[] }).shifts.reduce((a, b) => a + b, 0),
    );
    expect(total).toBeLessThan(0.02);
    await page.close();
  });

  it('rows of the player keep their reserved heights and the canvas its cage', async () => {
    const page = await studio.open('/', 390, 844);
    await pane(page, 'generate').locator('[name=prompt]').fill('waltz');
    await make(page, 'generate');
    const height = async (selector: string) =>
      (await page.locator(selector).first().boundingBox())?.height ?? 0;
    expect(await height('#pane-generate .times')).toBeGreaterThanOrEqual(24);
    expect(await height('#pane-generate .controls')).toBeGreaterThanOrEqual(60);
    expect(await width(page, '#pane-generate .wave')).toBeLessThanOrEqual(
      await width(page, '#pane-generate .cage'),
    );
    expect(await page.locator('#pane-generate .cage canvas').first().isVisible()).toBe(true);
    await page.close();
  });
});

describe('touch', () => {
  it('finds nothing smaller than 32 px', async () => {
    const page = await studio.open('/', 390, 844);
    await pane(page, 'generate').locator('[name=prompt]').fill('waltz');
    await make(page, 'generate');
    const small: string[] = [];
    for (const mode of MODES) {
      await choose(page, mode);
      await openPanels(page, mode);
      small.push(...(await smallTargets(page)));
    }
    expect(small).toEqual([]);
    await page.close();
  });
});
