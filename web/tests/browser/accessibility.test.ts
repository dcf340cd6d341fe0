// axe-core over the page: every mode with its panels open, and the states that come and go.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODES } from '../../src/api/types';
import { audit } from '../support/axe';
import { addAudio, choose, Harness, make, openPanels, pane } from '../support/harness';

let studio: Harness;
beforeAll(
  async () => (studio = await Harness.start({ speed: 20, quality: 'test', device: 'cpu' })),
);
afterAll(async () => studio.close());

describe.each([390, 1440])('axe finds nothing at %i px', (viewport) => {
  it('in any mode, with all panels open', async () => {
    const page = await studio.open('/', viewport, 900);
    await choose(page, 'edit');
    await addAudio(page, 'edit', 20);
    await choose(page, 'generate');
    await pane(page, 'generate').locator('button.submit').click(); // an error and its toast
    await page.getByRole('alert').waitFor();
    const found = await audit(page, 'error');
    await pane(page, 'generate').locator('[name=prompt]').fill('waltz');
    await make(page, 'generate');
    await pane(page, 'generate').getByRole('button', { name: 'Separate stems' }).click();
    await pane(page, 'generate').getByRole('button', { name: 'Play vocals' }).waitFor();
    await pane(page, 'generate').getByText('Instrumental', { exact: true }).click();
    await choose(page, 'lyrics');
    await pane(page, 'lyrics').locator('[name=brief]').fill('night drive');
    await pane(page, 'lyrics').locator('button.submit').click();
    await pane(page, 'lyrics').locator('#use_in_generate_btn:enabled').waitFor();
    for (const mode of MODES) {
      await choose(page, mode);
      await openPanels(page, mode);
      found.push(...(await audit(page, mode)));
    }
    expect(found).toEqual([]);
    await page.close();
  });

  it('while it waits, works with LoRAs and is cancelled', async () => {
    // Slow enough for an audit in the middle of a job, also on a busy machine.
    const slow = await Harness.start({ speed: 0.2, quality: 'demo' });
    const page = await slow.open('/', viewport, 900);
    const form = pane(page, 'generate');
    const found = await audit(page, 'empty, with the offer of a model');
    await form.locator('summary', { hasText: 'LoRA' }).click();
    await form.getByRole('button', { name: 'Chinese Rap' }).click();
    await form.getByRole('slider', { name: 'Strength of Chinese Rap' }).waitFor();
    await form.locator('[name=prompt]').fill('waltz');
    await form.locator('button.submit').click();
    await form.getByText('84 BPM').waitFor();
    found.push(...(await audit(page, 'working, with a plan and a LoRA')));
    await form.getByRole('button', { name: 'Cancel' }).click();
    await form.locator('.card').getByText('Cancelled').waitFor();
    found.push(...(await audit(page, 'cancelled, with a notice')));
    expect(found).toEqual([]);
    await page.close();
    await slow.close();
  });

  it('when a song fails or is done, in a dialog and while a model comes', async () => {
    const quick = await Harness.start({ speed: 2, quality: 'demo' });
    const page = await quick.open('/', viewport, 900);
    const form = pane(page, 'generate');
    const found: string[] = [];
    await form.locator('[name=prompt]').fill('mock:fail');
    await form.locator('button.submit').click();
    await page.getByText('Out of GPU memory').first().waitFor();
    found.push(...(await audit(page, 'failed, with a way out')));
    await form.locator('[name=prompt]').fill('waltz');
    await form.locator('button.submit').click();
    await form.getByRole('button', { name: 'Play', exact: true }).waitFor();
    await form.getByRole('button', { name: '−14 LUFS' }).click();
    await form.getByText('Normalised').waitFor();
    await page.evaluate(() =>
      Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true }),
    );
    await form.getByRole('button', { name: 'Share' }).click();
    await page.getByRole('dialog').waitFor();
    found.push(...(await audit(page, 'dialog')));
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: /Get acestep/ }).click();
    await page.getByRole('button', { name: 'Stop the download' }).waitFor();
    found.push(...(await audit(page, 'downloading')));
    expect(found).toEqual([]);
    await page.close();
    await quick.close();
  });
});
