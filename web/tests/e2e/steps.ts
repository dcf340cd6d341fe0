// What the stories against the built server do again and again.
import type { Locator, Page } from 'playwright-core';
import type { Json } from '../../src/api/types';
import { choose, pane } from '../support/harness';

export const prompt = (page: Page) => pane(page, 'generate').locator('[name=prompt]');

export const resultTitle = async (page: Page, mode: string) =>
  (await pane(page, mode).locator('.output h2').textContent()) ?? '';

// The smallest song: 5 s in 8 steps, without the planner's slow part.
export async function hurry(page: Page, mode: string, { duration_s = 5, steps = 8 } = {}) {
  await choose(page, mode);
  const form = pane(page, mode);
  const panel = form.locator('details', { hasText: 'Advanced' }).last();
  if ((await panel.getAttribute('open')) === null) await panel.locator('summary').click();
  await form.locator('[name=adv_inference_steps]').fill(String(steps));
  await form.locator('[name=adv_thinking]').uncheck();
  await panel.locator('summary').click();
  const duration = form.locator('[name=duration_s]');
  if (await duration.count()) await duration.fill(String(duration_s));
}

// Presses the mode's main button and waits until its new result is shown.
export async function make(page: Page, mode: string, text = '') {
  const form = pane(page, mode);
  if (text) await form.locator('[name=prompt]').fill(text);
  const before = await resultTitle(page, mode);
  await form.locator('button.submit').click();
  await page.waitForFunction(
    ([id, old]) => {
      const box = document.querySelector(`#pane-${id}`);
      const title = box?.querySelector('.output h2')?.textContent;
      return box?.querySelector('.player') && title !== old;
    },
    [mode, before] as const,
  );
}

export async function write(page: Page) {
  await pane(page, 'lyrics').locator('button.submit').click();
  await pane(page, 'lyrics').locator('#use_in_generate_btn:enabled').waitFor();
}

export async function download(page: Page, output: Locator, name: string): Promise<string> {
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    output.getByRole('button', { name }).click(),
  ]);
  return file.path();
}

// The metadata document of the shown result, by way of its copy button.
export async function metadata(page: Page, mode: string): Promise<Record<string, Json>> {
  const panel = pane(page, mode).locator('details', { hasText: 'Metadata' }).last();
  await panel.getByRole('button', { name: 'Copy' }).click();
  await page.getByText('Metadata copied').waitFor();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  return JSON.parse(text) as Record<string, Json>;
}
