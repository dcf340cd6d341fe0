// The rules that bind controls together (studio.md 2), against the mock studio.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobRequest } from '../../src/api/types';
import { addAudio, choose, Harness, make, pane } from '../support/harness';

let studio: Harness;
beforeAll(async () => (studio = await Harness.start()));
afterAll(async () => studio.close());

const prompt = (page: Page) => pane(page, 'generate').locator('[name=prompt]');

async function sent(page: Page, mode: string): Promise<JobRequest> {
  const [request] = await Promise.all([
    page.waitForRequest((r) => r.method() === 'POST' && r.url().endsWith('/jobs')),
    pane(page, mode).locator('button.submit').click(),
  ]);
  return request.postDataJSON() as JobRequest;
}

describe('an untouched form', () => {
  it('sends what is required and nothing else', () =>
    studio.story(async (page) => {
      await prompt(page).fill('waltz');
      expect(await sent(page, 'generate')).toEqual({ mode: 'generate', prompt: 'waltz' });
    }));

  it('shows sliders where their numbers say', () =>
    studio.story(async (page) => {
      for (const mode of ['cover', 'extend', 'edit', 'lyrics']) {
        await choose(page, mode);
        const rows = pane(page, mode).locator('form .row:has(input[type=range])');
        for (const row of await rows.all()) {
          const shown = Number(await row.locator('input[type=number]').inputValue());
          const range = row.locator('input[type=range]');
          expect(Number(await range.inputValue()), (await range.getAttribute('name')) ?? '').toBe(
            shown,
          );
        }
      }
    }));
});

describe('Generate', () => {
  it('keeps the lyrics but takes them out of play when it is instrumental', () =>
    studio.story(async (page) => {
      const lyrics = pane(page, 'generate').locator('[name=lyrics]');
      await lyrics.fill('[Verse]\nkept');
      await pane(page, 'generate').getByText('Instrumental', { exact: true }).click();
      expect(await lyrics.isDisabled()).toBe(true);
      expect(await lyrics.inputValue()).toBe('[Verse]\nkept');
      await prompt(page).fill('waltz');
      expect(await sent(page, 'generate')).toMatchObject({ instrumental: true });
    }));

  it('opens the LoRA panel by itself when an adapter joins', () =>
    studio.story(async (page) => {
      const panel = pane(page, 'generate').locator('details', { hasText: 'LoRA' }).first();
      expect(await panel.getAttribute('open')).toBeNull();
      await page.evaluate(() => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(64)], 'mine.safetensors'));
        document.body.dispatchEvent(
          new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }),
        );
      });
      await panel.getByRole('slider', { name: 'Strength of mine' }).waitFor();
    }));
});

describe('Edit', () => {
  it('ends the segment with a short source, and says when it leaves it', () =>
    studio.story(async (page) => {
      await choose(page, 'edit');
      const end = pane(page, 'edit').locator('[name=segment_end_s]');
      expect(await end.inputValue()).toBe('30');
      await addAudio(page, 'edit', 12);
      expect(await end.inputValue()).toBe('12');
      await end.fill('20');
      await pane(page, 'edit').locator('button.submit').click();
      await page.getByRole('alert').getByText('The segment leaves the source').waitFor();
      expect(await end.getAttribute('aria-invalid')).toBe('true');
    }));

  it('leaves only the panel of its sub-mode to use', () =>
    studio.story(async (page) => {
      await choose(page, 'edit');
      const inert = (title: string) =>
        pane(page, 'edit')
          .locator('details', { hasText: title })
          .first()
          .evaluate((panel: HTMLElement) => panel.inert);
      expect([await inert('Repaint options'), await inert('Flow-morph options')]).toEqual([
        false,
        true,
      ]);
      await pane(page, 'edit').getByText('Flow morph', { exact: true }).click();
      expect([await inert('Repaint options'), await inert('Flow-morph options')]).toEqual([
        true,
        false,
      ]);
    }));
});

describe('a result', () => {
  it('becomes the reference of Cover and the source of Edit', () =>
    studio.story(async (page) => {
      await prompt(page).fill('garage rock');
      await make(page, 'generate');
      for (const mode of ['cover', 'edit']) {
        await choose(page, 'generate');
        await pane(page, 'generate').getByLabel('Send this song to').selectOption(mode);
        await pane(page, mode).getByText('garage rock (generate).wav', { exact: true }).waitFor();
      }
    }));

  it('is encoded as FLAC, and its settings go back into the form', () =>
    studio.story(async (page) => {
      const form = pane(page, 'generate');
      await prompt(page).fill('choir');
      await make(page, 'generate');
      const [file] = await Promise.all([
        page.waitForEvent('download'),
        form.getByRole('button', { name: 'FLAC' }).click(),
      ]);
      expect(file.url()).toContain('download=1');
      await prompt(page).fill('something else');
      await form.getByRole('button', { name: 'Load into form' }).click();
      await expect.poll(() => prompt(page).inputValue()).toBe('choir');
    }));

  it('whose link would be too long is shared without its lyrics', () =>
    studio.story(async (page) => {
      await prompt(page).fill('choir');
      await pane(page, 'generate').locator('[name=lyrics]').fill('ä'.repeat(4096));
      await make(page, 'generate');
      await pane(page, 'generate').getByRole('button', { name: 'Share' }).click();
      await page.getByText('The lyrics were too long for a link').waitFor();
      const link = await page.evaluate(() => navigator.clipboard.readText());
      expect(link.length).toBeLessThan(6000);
    }));

  it('whose link cannot be copied is shown for copying by hand', () =>
    studio.story(async (page) => {
      await prompt(page).fill('choir');
      await make(page, 'generate');
      await page.evaluate(() =>
        Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true }),
      );
      await pane(page, 'generate').getByRole('button', { name: 'Share' }).click();
      const link = page.getByLabel('Link', { exact: true });
      expect(await link.inputValue()).toContain('?mode=generate&');
      await page.keyboard.press('Escape');
      expect(await link.isVisible()).toBe(false);
    }));
});
