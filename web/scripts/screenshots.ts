// Takes the pictures of docs/images: every mode at four widths, against the mock studio.
//   npm run build && npm run screenshots [FOLDER]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { addAudio, choose, Harness, make, pane } from '../tests/support/harness';

const folder = process.argv[2] ?? fileURLToPath(new URL('../../docs/images', import.meta.url));
const WIDTHS = [390, 800, 1024, 1440];
mkdirSync(folder, { recursive: true });

const LYRICS = `[Verse]
Harbour lights go out in rows of three
The last boat home still has a seat for me

[Chorus]
Carry me home, carry me slow
Past every light that I used to know`;

const stories: Record<string, (page: Page) => Promise<void>> = {
  async generate(page) {
    const form = pane(page, 'generate');
    await form
      .locator('[name=prompt]')
      .fill('Dream pop, shimmering guitars, slow drums, airy female vocals');
    await form.locator('[name=lyrics]').fill(LYRICS);
    await form.locator('summary', { hasText: 'LoRA' }).click();
    await form.getByRole('button', { name: 'Chinese New Year' }).click();
    await form.getByText('selected').waitFor();
    await make(page, 'generate');
    await form.getByRole('button', { name: 'Separate stems' }).click();
    await form.getByRole('button', { name: 'Play vocals' }).waitFor({ timeout: 20000 });
  },
  async cover(page) {
    await addAudio(page, 'cover', 28);
    await pane(page, 'cover').locator('[name=prompt]').fill('Brass band, marching drums');
    await pane(page, 'cover').locator('button.submit').click();
    await pane(page, 'cover').getByText('Generating').waitFor();
  },
  async extend(page) {
    await addAudio(page, 'extend', 40);
    await pane(page, 'extend').locator('[name=extra_prompt]').fill('Slow build, wide pads');
    await make(page, 'extend');
  },
  async edit(page) {
    await addAudio(page, 'edit', 60);
    await pane(page, 'edit').locator('[name=segment_start_s]').fill('18');
    await pane(page, 'edit').locator('[name=segment_end_s]').fill('36.5');
    await make(page, 'edit');
  },
  async lyrics(page) {
    await pane(page, 'lyrics')
      .locator('[name=brief]')
      .fill('A night drive home after a long tour, tired but happy');
    await pane(page, 'lyrics').locator('button.submit').click();
    await pane(page, 'lyrics').locator('#use_in_generate_btn:enabled').waitFor({ timeout: 20000 });
  },
};

const harness = await Harness.start({ speed: 3 });
try {
  for (const [mode, tell] of Object.entries(stories)) {
    for (const width of WIDTHS) {
      const page = await harness.open('/', width, width === 390 ? 844 : 900);
      await choose(page, mode);
      await tell(page);
      for (const close of await page.getByRole('button', { name: /^Close:/ }).all())
        await close.click();
      await page.mouse.move(0, 0);
      await page.evaluate(() => window.scrollTo(0, 0));
      await page.screenshot({ path: join(folder, `${mode}-${width}.png`), fullPage: true });
      await page.close();
    }
  }
} finally {
  await harness.close();
}
