// One test per user story, end to end against the mock studio.
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addAudio, choose, Harness, make, pane } from '../support/harness';

let studio: Harness;
beforeAll(async () => (studio = await Harness.start()));
afterAll(async () => studio.close());

const story: Harness['story'] = (...words) => studio.story(...words);

const prompt = (page: Page) => pane(page, 'generate').locator('[name=prompt]');
const title = (page: Page, mode: string) => pane(page, mode).locator('.output h2');
const dispatch = (page: Page) =>
  page.waitForRequest((r) => r.method() === 'POST' && r.url().endsWith('/jobs'));

describe('songs', () => {
  it('are generated, heard and taken again', () =>
    story(async (page) => {
      await prompt(page).fill('lo-fi piano');
      await prompt(page).press('Control+Enter');
      const output = pane(page, 'generate');
      await output.getByText('84 BPM').waitFor();
      await output.getByRole('button', { name: 'Play', exact: true }).waitFor();
      expect(await title(page, 'generate').textContent()).toMatch(/0:30 — seed \d+/);

      await title(page, 'generate').click(); // away from the text box
      await page.keyboard.press('Space');
      await output.getByRole('button', { name: 'Pause', exact: true }).waitFor();
      const position = output.getByRole('slider', { name: 'Position' });
      await page.waitForFunction(
        () =>
          Number(document.querySelector<HTMLInputElement>('#pane-generate .cage input')?.value) >=
          0.2,
      );
      await page.keyboard.press('ArrowRight');
      await expect.poll(async () => Number(await position.inputValue())).toBeGreaterThanOrEqual(5);
      await page.keyboard.press('Space');
      await output.getByRole('button', { name: 'Play', exact: true }).waitFor();

      const first = await title(page, 'generate').textContent();
      await output.getByRole('button', { name: 'Retake' }).click();
      await expect
        .poll(() => title(page, 'generate').textContent(), { timeout: 15000 })
        .not.toBe(first);
    }));

  it('do not start without a prompt, and the field says why', () =>
    story(async (page) => {
      await pane(page, 'generate').locator('button.submit').click();
      await page
        .getByRole('alert')
        .getByText(/^Style prompt is missing/)
        .waitFor();
      expect(await prompt(page).getAttribute('aria-invalid')).toBe('true');
      expect(await prompt(page).evaluate((e) => e === document.activeElement)).toBe(true);
    }));

  it('that fail say what to do', () =>
    story(async (page) => {
      await prompt(page).fill('mock:fail');
      await pane(page, 'generate').locator('button.submit').click();
      const toast = page.getByRole('alert').filter({ hasText: 'Out of GPU memory' });
      await toast.getByRole('button', { name: 'Half the length' }).click();
      expect(await pane(page, 'generate').locator('[name=duration_s]').inputValue()).toBe('15');
    }));

  it('can be cancelled', () =>
    story(async (page) => {
      await prompt(page).fill('long ambient');
      await pane(page, 'generate').locator('button.submit').click();
      await pane(page, 'generate').getByRole('button', { name: 'Cancel' }).click();
      await page.getByRole('status').getByText('Nothing was kept.').waitFor();
      expect(await pane(page, 'generate').locator('button.submit').isEnabled()).toBe(true);
    }));

  it('go on when the page is reloaded', () =>
    story(async (page) => {
      await prompt(page).fill('slow techno');
      await pane(page, 'generate').locator('button.submit').click();
      await pane(page, 'generate').getByText('Generating').waitFor();
      await page.reload();
      await pane(page, 'generate')
        .getByRole('button', { name: 'Play', exact: true })
        .waitFor({ timeout: 20000 });
      expect(await prompt(page).inputValue()).toBe('slow techno'); // the draft was kept
    }));
});

describe('results', () => {
  it('become the input of another mode', () =>
    story(async (page) => {
      await prompt(page).fill('garage rock');
      await make(page, 'generate');
      await pane(page, 'generate').getByLabel('Send this song to').selectOption('extend');
      await pane(page, 'extend').getByText('garage rock (generate).wav', { exact: true }).waitFor();
      await make(page, 'extend');
      expect(await title(page, 'extend').textContent()).toContain('1:30'); // 30 s and 60 s more
      await pane(page, 'extend').getByText('seed ends · 0:30').waitFor();
    }));

  it('are separated, normalised and downloaded', () =>
    story(async (page) => {
      await prompt(page).fill('choir');
      await make(page, 'generate');
      const output = pane(page, 'generate');
      await output.getByRole('button', { name: '−14 LUFS' }).click();
      await output.getByText('−11.8 LUFS').waitFor();
      await output.getByRole('button', { name: 'Separate stems' }).click();
      await output.getByRole('button', { name: 'Play drums' }).click();
      await output.getByRole('button', { name: 'Pause drums' }).waitFor();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        output.getByRole('button', { name: 'MP3 320k' }).click(),
      ]);
      expect(readFileSync(await download.path()).length).toBeGreaterThan(1000);
    }));

  it('are shared as a link that fills the form', () =>
    story(async (page) => {
      await prompt(page).fill('<img src=x onerror=alert(1)> & "fuzz"');
      await pane(page, 'generate').locator('[name=lyrics]').fill('[Verse]\nÄ line');
      await make(page, 'generate');
      const seed = (await title(page, 'generate').textContent())?.match(/\d+$/)?.[0];
      await pane(page, 'generate').getByRole('button', { name: 'Share' }).click();
      await page.getByText('Link copied').waitFor();
      const link = await page.evaluate(() => navigator.clipboard.readText());
      await story(async (other) => {
        await expect
          .poll(() => prompt(other).inputValue())
          .toBe('<img src=x onerror=alert(1)> & "fuzz"');
        expect(await pane(other, 'generate').locator('[name=lyrics]').inputValue()).toBe(
          '[Verse]\nÄ line',
        );
        expect(await pane(other, 'generate').locator('[name=adv_seed]').inputValue()).toBe(seed);
      }, new URL(link).search);
      expect(await page.locator('img').count()).toBe(0); // history shows the prompt as text
    }));
});

describe('inputs', () => {
  it('of Edit are chosen by dragging over the waveform', () =>
    story(async (page) => {
      await choose(page, 'edit');
      await addAudio(page, 'edit', 40);
      const bar = await pane(page, 'edit').locator('.bar').boundingBox();
      if (!bar) throw new Error('no segment bar');
      await page.mouse.move(bar.x + bar.width * 0.25, bar.y + 20);
      await page.mouse.down();
      await page.mouse.move(bar.x + bar.width * 0.5, bar.y + 20, { steps: 5 });
      await page.mouse.up();
      const number = async (name: string) =>
        Number(await pane(page, 'edit').locator(`[name=${name}]`).inputValue());
      expect(await number('segment_start_s')).toBeCloseTo(10, 0);
      expect(await number('segment_end_s')).toBeCloseTo(20, 0);
      await pane(page, 'edit').getByRole('slider', { name: 'Segment end' }).press('ArrowUp');
      expect(await number('segment_end_s')).toBeCloseTo(21, 0);
      await make(page, 'edit');
      expect(await title(page, 'edit').textContent()).toContain('0:10–0:21');
      await pane(page, 'edit').getByRole('button', { name: 'Input' }).click();
    }));

  it('that are too long for Cover can be cut', () =>
    story(async (page) => {
      await choose(page, 'cover');
      const drop = pane(page, 'cover').locator('input[accept*=".wav"]');
      const { makeSong } = await import('../../mock/wav.mjs');
      await drop.setInputFiles({
        name: 'long.wav',
        mimeType: 'audio/wav',
        buffer: makeSong(75, 3),
      });
      await page.getByRole('button', { name: 'Use the first 60 s' }).click();
      await pane(page, 'cover').getByText('stereo · 1:00').waitFor();
    }));

  it('that are no audio are refused', () =>
    story(async (page) => {
      await choose(page, 'extend');
      const drop = pane(page, 'extend').locator('input[accept*=".wav"]');
      await drop.setInputFiles({
        name: 'a.wav',
        mimeType: 'audio/wav',
        buffer: Buffer.from('hello'),
      });
      await page.getByRole('alert').getByText('Not an audio file we read').waitFor();
      expect(await drop.getAttribute('aria-invalid')).toBe('true');
    }));

  it('include a stack of LoRAs with their own strengths', () =>
    story(async (page) => {
      const form = pane(page, 'generate');
      await form.locator('summary', { hasText: 'LoRA' }).click();
      await form.getByRole('button', { name: 'Chinese Rap' }).click();
      await form.getByRole('slider', { name: 'Strength of Chinese Rap' }).waitFor();
      const drop = form.locator('input[accept=".safetensors"]');
      await drop.setInputFiles({
        name: 'bad.safetensors',
        mimeType: 'application/octet-stream',
        buffer: Buffer.from('x'),
      });
      await page.getByRole('alert').getByText('This is not a LoRA').waitFor();
      await drop.setInputFiles({
        name: 'mine.safetensors',
        mimeType: 'application/octet-stream',
        buffer: Buffer.alloc(64, 7),
      });
      const strength = form.getByRole('slider', { name: 'Strength of mine' });
      await strength.fill('0.5');
      await prompt(page).fill('trap');
      const [request] = await Promise.all([dispatch(page), form.locator('button.submit').click()]);
      expect(request.postDataJSON()).toMatchObject({
        prompt: 'trap',
        loras: [{ id: 'preset:chinese-rap', scale: 0.85 }, { scale: 0.5 }],
      });
      await form.getByRole('button', { name: 'Remove mine' }).click();
      expect(await strength.count()).toBe(0);
    }));

  it('show a dot in Advanced and can be reset', () =>
    story(async (page) => {
      const form = pane(page, 'generate');
      const head = form.locator('summary', { hasText: 'Advanced' });
      await head.click();
      await form.locator('[name=adv_bpm]').fill('90');
      await head.getByText('1 changed').waitFor();
      await form.getByRole('button', { name: 'reset to defaults' }).click();
      await head.getByText('21 knobs').waitFor();
    }));
});

describe('lyrics', () => {
  it('stream in, go to Generate, and what they replaced comes back once', () =>
    story(async (page) => {
      await pane(page, 'generate').locator('[name=lyrics]').fill('my own words');
      await choose(page, 'lyrics');
      await pane(page, 'lyrics').locator('[name=brief]').fill('night drive');
      await pane(page, 'lyrics').locator('button.submit').click();
      await pane(page, 'lyrics').getByText('Writing').waitFor();
      await pane(page, 'lyrics').locator('#use_in_generate_btn:enabled').click({ timeout: 20000 });
      const lyrics = pane(page, 'generate').locator('[name=lyrics]');
      await expect.poll(() => lyrics.inputValue()).toContain('[Chorus]');
      await page.getByRole('button', { name: 'Undo' }).click();
      expect(await lyrics.inputValue()).toBe('my own words');
    }));
});

describe('files', () => {
  it('dropped anywhere go where they fit', () =>
    story(async (page) => {
      const { makeSong } = await import('../../mock/wav.mjs');
      const drop = async (base64: string) =>
        page.evaluate((data) => {
          const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], 'dropped.wav', { type: 'audio/wav' }));
          document.body.dispatchEvent(
            new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }),
          );
        }, base64);
      await drop(makeSong(4, 2).toString('base64'));
      await page.getByRole('status').getByRole('button', { name: 'Extend' }).click();
      await pane(page, 'extend').getByText('dropped.wav', { exact: true }).waitFor();
    }));
});

describe('a locked studio', () => {
  it('asks for its token', async () => {
    const locked = await Harness.start({ token: 'open sesame' });
    const page = await locked.open();
    await page.getByLabel('Access token').fill('open sesame');
    await page.getByRole('button', { name: 'Open the studio' }).click();
    await page.getByRole('heading', { name: 'ACE Music Studio' }).waitFor();
    await locked.close();
  });
});

describe('without a graphics card', () => {
  it('a line says that it takes longer, and no time is promised', async () => {
    const slow = await Harness.start({ device: 'cpu' });
    const page = await slow.open();
    await page.getByText('No GPU found').waitFor();
    expect(await pane(page, 'generate').locator('button.submit').textContent()).not.toContain(
      'up to',
    );
    await slow.close();
  });
});
