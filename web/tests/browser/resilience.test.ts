// Reloads, lost streams, a server that is away, models that are missing: against the mock studio.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { choose, Harness, make, pane } from '../support/harness';

let studio: Harness;
beforeAll(async () => (studio = await Harness.start()));
afterAll(async () => studio.close());

const prompt = (page: Page) => pane(page, 'generate').locator('[name=prompt]');
const title = (page: Page) => pane(page, 'generate').locator('.output h2').textContent();

describe('a reload', () => {
  it('keeps the drafts of every mode and shows the newest result', () =>
    studio.story(async (page) => {
      await prompt(page).fill('waltz');
      await make(page, 'generate');
      const shown = await title(page);
      await choose(page, 'lyrics');
      await pane(page, 'lyrics').locator('[name=brief]').fill('night drive');
      await page.reload();
      await expect.poll(() => title(page)).toBe(shown);
      expect(await prompt(page).inputValue()).toBe('waltz');
      expect(await pane(page, 'lyrics').locator('[name=brief]').inputValue()).toBe('night drive');
    }));

  it('goes on with stems that are being separated', () =>
    studio.story(async (page) => {
      await prompt(page).fill('waltz');
      await make(page, 'generate');
      await page.route('**/events', (route) => route.abort()); // hold the news back
      await pane(page, 'generate').getByRole('button', { name: 'Separate stems' }).click();
      await page.unroute('**/events');
      await page.reload();
      await pane(page, 'generate').getByRole('button', { name: 'Play drums' }).waitFor();
    }));

  it('leaves out adapters that another tab had uploaded', () =>
    studio.story(async (page) => {
      const lora = { id: 'l_gone', name: 'gone', kind: 'custom', default_scale: 1 };
      await page.addInitScript((entry) => {
        const draft = { values: { prompt: 'kept' }, loras: [{ lora: entry, scale: 1 }] };
        localStorage.setItem('ams.draft.generate', JSON.stringify(draft));
      }, lora);
      await page.reload();
      await page.getByText('A LoRA was cleaned up').waitFor();
      expect(await prompt(page).inputValue()).toBe('kept');
      expect(await page.getByRole('slider', { name: 'Strength of gone' }).count()).toBe(0);
    }));
});

describe('history', () => {
  it('opens an older result', () =>
    studio.story(async (page) => {
      await prompt(page).fill('first song');
      await make(page, 'generate');
      const first = await title(page);
      await prompt(page).fill('second song');
      await pane(page, 'generate').locator('button.submit').click();
      await expect.poll(() => title(page), { timeout: 15000 }).not.toBe(first);
      await page.locator('.history').getByText('first song').click();
      await expect.poll(() => title(page)).toBe(first);
    }));
});

describe('a queue', () => {
  it('shows how many are ahead and how long it takes', async () => {
    const busy = await Harness.start({ speed: 1 });
    await busy.story(async (page) => {
      await page.evaluate(async () => {
        for (const session of ['first-session-012345', 'second-session-01234'])
          await fetch('/api/v1/jobs', {
            method: 'POST',
            headers: { 'X-AMS-Session': session },
            body: JSON.stringify({ mode: 'generate', prompt: 'other' }),
          });
      });
      await prompt(page).fill('waltz');
      await pane(page, 'generate').locator('button.submit').click();
      const card = pane(page, 'generate').locator('.card');
      await card.getByText(/\d ahead/).waitFor();
      await card.getByText(/about \d+ s left/).waitFor();
      await card.getByRole('button', { name: 'Cancel' }).click();
      await card.getByText('Cancelled').waitFor();
    });
    await busy.close();
  });
});

describe('a lost connection', () => {
  it('of the event stream falls back to polling, and the song arrives', () =>
    studio.story(async (page) => {
      await page.route('**/events', (route) => route.abort());
      await prompt(page).fill('waltz');
      await pane(page, 'generate').locator('button.submit').click();
      await page.getByText('Live progress is not getting through').waitFor({ timeout: 20000 });
      await pane(page, 'generate')
        .getByRole('button', { name: 'Play', exact: true })
        .waitFor({ timeout: 20000 });
    }));

  it('to the server is told once, and so is its return', () =>
    studio.story(async (page) => {
      await page.route('**/api/v1/info', (route) => route.abort());
      await page.getByText('The studio does not answer').waitFor({ timeout: 15000 });
      expect(await page.locator('.status').textContent()).toContain('offline');
      await page.unroute('**/api/v1/info');
      await page.getByText('The studio is back').waitFor({ timeout: 15000 });
      expect(await page.getByText('The studio does not answer').count()).toBe(0);
    }));
});

describe('a missing model', () => {
  it('is named, and is downloaded with its progress', async () => {
    const bare = await Harness.start({ quality: 'test' });
    await bare.story(async (page) => {
      await page.getByText('Songs are noise for now').waitFor();
      await page.getByRole('button', { name: /Get acestep-v15-xl-sft/ }).click();
      await page.getByText(/\d+ %, about .* left, .* of 9\.6 GB at 32 MB\/s/).waitFor();
      await page.reload(); // the download goes on
      await page.getByRole('button', { name: 'Stop the download' }).waitFor();
      await page.getByText('The model is here').waitFor();
      expect(await page.getByText('Songs are noise for now').count()).toBe(0);
    });
    await bare.close();
  });
});
