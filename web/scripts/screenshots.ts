// Takes the pictures of docs/images: every mode at four widths, from the built server with the built-in
// model (and the tests' tiny ones where it has none: lyrics, stems).
//   npm run build && npm run screenshots [FOLDER] [MODE]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { hurry, make, prompt } from '../tests/e2e/steps';
import { addAudio, choose, Harness, pane } from '../tests/support/harness';
import { adapterForBuiltInModel } from '../tests/support/adapter';
import { startRealStudio } from '../tests/support/real_studio';

const folder = process.argv[2] ?? fileURLToPath(new URL('../../docs/images', import.meta.url));
const only = process.argv[3] ?? '';
const WIDTHS = [1440, 1024, 800, 390];
mkdirSync(folder, { recursive: true });

const LYRICS = `[Verse]
Harbour lights go out in rows of three
The last boat home still has a seat for me

[Chorus]
Carry me home, carry me slow
Past every light that I used to know`;

async function addAdapter(page: Page, mode: string) {
  const form = pane(page, mode);
  await form.locator('summary', { hasText: 'LoRA' }).click();
  await form.locator('input[accept=".safetensors"]').setInputFiles({
    name: 'tape_warmth.safetensors',
    mimeType: 'application/octet-stream',
    buffer: adapterForBuiltInModel(),
  });
  await form.getByRole('slider', { name: /^Strength of/ }).waitFor();
}

// Each leaves the page as it shall be seen.
const stories: Record<string, (page: Page) => Promise<void>> = {
  async generate(page) {
    const form = pane(page, 'generate');
    await form.locator('[name=duration_s]').fill('20');
    await prompt(page).fill('Dream pop, shimmering guitars, slow drums, warm pad');
    await form.locator('[name=lyrics]').fill(LYRICS);
    await addAdapter(page, 'generate');
    await make(page, 'generate');
    const stems = form.getByRole('button', { name: 'Separate stems' });
    if (await stems.isEnabled()) {
      await stems.click();
      await form.getByRole('button', { name: 'Play vocals' }).waitFor({ timeout: 300_000 });
    }
  },
  async cover(page) {
    await hurry(page, 'cover', { duration_s: 20, steps: 27 });
    await addAudio(page, 'cover', 28);
    await pane(page, 'cover').locator('[name=prompt]').fill('Brass band, marching drums');
    await make(page, 'cover');
  },
  async extend(page) {
    await hurry(page, 'extend');
    await addAudio(page, 'extend', 20);
    await pane(page, 'extend').locator('[name=extra_duration_s]').fill('10');
    await pane(page, 'extend').locator('[name=extra_prompt]').fill('Slow build, wide pads');
    await make(page, 'extend');
  },
  async edit(page) {
    await hurry(page, 'edit');
    await addAudio(page, 'edit', 30);
    await pane(page, 'edit').locator('[name=segment_start_s]').fill('9');
    await pane(page, 'edit').locator('[name=segment_end_s]').fill('18.5');
    await make(page, 'edit');
  },
  async lyrics(page) {
    await pane(page, 'lyrics')
      .locator('[name=brief]')
      .fill('A night drive home after a long tour, tired but happy');
    // Not written: the tests' tiny model knows no words.
  },
};

async function picture(page: Page, mode: string, width: number) {
  await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
  // A page that opens on a phone has its metadata closed.
  const open = pane(page, mode).locator('details[open]', { hasText: 'Metadata' });
  if (width === 390 && (await open.count())) await open.locator('summary').first().click();
  await page.mouse.move(0, 0);
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.waitForTimeout(300); // for the waveform to be drawn again
  await page.screenshot({ path: join(folder, `${mode}-${width}.png`), fullPage: true });
}

const harness = await Harness.against(await startRealStudio());
try {
  for (const [mode, tell] of Object.entries(stories)) {
    if (only && mode !== only) continue;
    const page = await harness.open();
    await choose(page, mode);
    await tell(page);
    // Some close themselves meanwhile.
    const toast = page.getByRole('button', { name: /^Close:/ }).first();
    while (await toast.isVisible()) await toast.click({ timeout: 2000 }).catch(() => {});
    for (const width of WIDTHS) await picture(page, mode, width);
    const cancel = pane(page, mode).getByRole('button', { name: 'Cancel' });
    if (await cancel.isVisible()) await cancel.click();
    await page.close();
  }
} finally {
  await harness.close();
}
