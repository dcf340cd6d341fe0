// What goes into the built server: adapters and audio, good and bad.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../src/api/types';
import { makeSong } from '../../mock/wav.mjs';
import { choose, Harness, pane } from '../support/harness';
import { adapterForBuiltInModel } from '../support/adapter';
import { checkpoints, startRealStudio } from '../support/real_studio';
import { hurry, make, metadata } from './steps';

let studio: Harness;
beforeAll(async () => (studio = await Harness.against(await startRealStudio())));
afterAll(async () => studio.close());

describe('an adapter', () => {
  it('that fits colours the song, and is shown as applied', () =>
    studio.story(async (page) => {
      const form = pane(page, 'generate');
      await hurry(page, 'generate');
      await form.locator('summary', { hasText: 'LoRA' }).click();
      await form.locator('input[accept=".safetensors"]').setInputFiles({
        name: 'colour.safetensors',
        mimeType: 'application/octet-stream',
        buffer: adapterForBuiltInModel(),
      });
      const strength = form.getByRole('slider', { name: /^Strength of/ });
      await strength.fill('0.5');
      await make(page, 'generate', 'trap');
      await form.getByText(/rank 4 .* applied/).waitFor();
      const { loras } = (await metadata(page, 'generate')) as { loras: { [key: string]: Json }[] };
      expect(loras).toHaveLength(1);
      expect(loras[0]).toMatchObject({ scale: 0.5, kind: 'custom' });
      expect(loras[0]?.['modules_applied']).toBeGreaterThan(0);
    }));

  it('of another model is refused with the reason, and the form stays without it', () =>
    studio.story(async (page) => {
      const form = pane(page, 'generate');
      await form.locator('summary', { hasText: 'LoRA' }).click();
      await form
        .locator('input[accept=".safetensors"]')
        .setInputFiles(join(checkpoints, 'adapters/invalid_modules/adapter_model.safetensors'));
      await page.getByRole('alert').waitFor();
      expect(await form.getByRole('slider', { name: /^Strength of/ }).count()).toBe(0);
    }));

  it('that is cut off is refused', () =>
    studio.story(async (page) => {
      const form = pane(page, 'generate');
      await form.locator('summary', { hasText: 'LoRA' }).click();
      await form.locator('input[accept=".safetensors"]').setInputFiles({
        name: 'cut.safetensors',
        mimeType: 'application/octet-stream',
        buffer: Buffer.from('x'),
      });
      await page.getByRole('alert').waitFor();
    }));
});

describe('audio', () => {
  it('with script in its name is shown as text', () =>
    studio.story(async (page) => {
      const name = '<img src=x onerror="window.ran = true">.wav';
      await choose(page, 'cover');
      await pane(page, 'cover')
        .locator('input[type="file"][accept*=".wav"]')
        .setInputFiles({ name, mimeType: 'audio/wav', buffer: makeSong(4, 3) });
      await pane(page, 'cover').getByText(name, { exact: true }).waitFor();
      expect(await page.evaluate(() => 'ran' in window)).toBe(false);
    }));

  it('that is no audio is refused at the field', () =>
    studio.story(async (page) => {
      await choose(page, 'extend');
      const drop = pane(page, 'extend').locator('input[accept*=".wav"]');
      const buffer = Buffer.from('hello');
      await drop.setInputFiles({ name: 'a.wav', mimeType: 'audio/wav', buffer });
      await page.getByRole('alert').waitFor();
      expect(await drop.getAttribute('aria-invalid')).toBe('true');
    }));

  it('that is too long for Cover is cut on request', () =>
    studio.story(async (page) => {
      await choose(page, 'cover');
      const drop = pane(page, 'cover').locator('input[accept*=".wav"]');
      const buffer = makeSong(75, 3);
      await drop.setInputFiles({ name: 'long.wav', mimeType: 'audio/wav', buffer });
      await page.getByRole('button', { name: 'Use the first 60 s' }).click();
      await pane(page, 'cover').getByText('stereo · 1:00').waitFor();
    }));
});
