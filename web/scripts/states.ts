// Pictures of states that last only a moment or are rare, for looking at them: waiting, loading,
// errors, notices, narrow widths. Against the mock studio.
//   npm run build && npx tsx scripts/states.ts FOLDER [PART OF A NAME]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { MockOptions } from '../mock/server.mjs';
import { addAudio, choose, Harness, make, pane } from '../tests/support/harness';

const [folder = 'states', only = ''] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

interface State {
  mode?: string;
  width?: number;
  options?: MockOptions;
  tell: (page: Page, form: ReturnType<typeof pane>) => Promise<void>;
}

const prompt = (form: ReturnType<typeof pane>, text: string) =>
  form.locator('[name=prompt]').fill(text);
const press = (form: ReturnType<typeof pane>) => form.locator('button.submit').click();
const lora = (name: string, byte: number, size: number) => ({
  name,
  mimeType: 'application/octet-stream',
  buffer: Buffer.alloc(size, byte),
});
const open = (form: ReturnType<typeof pane>) =>
  form.locator('form details').evaluateAll((all) => all.forEach((d) => d.setAttribute('open', '')));
const nothing = async () => {};

const slow = { speed: 0.4 };
const states: Record<string, State> = {
  'generate-empty': { tell: nothing },
  'cover-empty': { mode: 'cover', tell: nothing },
  'edit-empty': { mode: 'edit', tell: nothing },
  'lyrics-empty': { mode: 'lyrics', tell: nothing },
  'generate-empty-800': { width: 800, tell: nothing },
  'generate-empty-390': { width: 390, tell: nothing },
  'edit-panels': {
    mode: 'edit',
    tell: async (_, form) => {
      await form.getByText('Flow morph', { exact: true }).click();
      await open(form);
    },
  },
  'extend-panels-390': { mode: 'extend', width: 390, tell: (_, form) => open(form) },
  'generate-panels-800': { width: 800, tell: (_, form) => open(form) },
  loading: {
    options: slow,
    tell: async (_, form) => {
      await prompt(form, 'waltz');
      await press(form);
      await form.getByText('Loading models').waitFor();
    },
  },
  'planner-390': {
    width: 390,
    options: { speed: 1 },
    tell: async (_, form) => {
      await prompt(form, 'waltz');
      await press(form);
      await form.getByText('84 BPM').waitFor();
    },
  },
  diffusion: {
    options: { speed: 1 },
    tell: async (_, form) => {
      await prompt(form, 'waltz');
      await press(form);
      await form.getByText('9 / 27').waitFor();
    },
  },
  queued: {
    options: slow,
    tell: async (page, form) => {
      await page.evaluate(() =>
        fetch('/api/v1/jobs', {
          method: 'POST',
          headers: { 'X-AMS-Session': 'another-session-0123' },
          body: JSON.stringify({ mode: 'generate', prompt: 'first' }),
        }),
      );
      await prompt(form, 'waltz');
      await press(form);
      await form.getByText('In the queue').first().waitFor();
    },
  },
  'done-all': {
    tell: async (_, form) => {
      await prompt(form, 'Bossa nova, nylon guitar');
      await make(form.page(), 'generate');
      await form.getByRole('button', { name: '−14 LUFS' }).click();
      await form.getByText('−11.8 LUFS').waitFor();
      await form.getByRole('button', { name: 'Separate stems' }).click();
      await form.getByRole('button', { name: 'Play drums' }).waitFor();
      await form.getByRole('button', { name: 'Play', exact: true }).click();
    },
  },
  toasts: {
    mode: 'cover',
    tell: async (page, form) => {
      await press(form);
      const { makeSong } = await import('../mock/wav.mjs');
      await form.locator('input[accept*=".wav"]').setInputFiles({
        name: 'long.wav',
        mimeType: 'audio/wav',
        buffer: makeSong(75, 3),
      });
      await page.getByRole('button', { name: 'Use the first 60 s' }).waitFor();
      await page.goto(
        `${page.url()}?mode=generate&p=${Buffer.from('{"l":[["my own voice (a1b2c3d4)",0.8]]}').toString('base64url')}`,
      );
      await page.getByText('A LoRA is missing').waitFor();
      await prompt(pane(page, 'generate'), 'mock:fail');
      await press(pane(page, 'generate'));
      await page.getByText('Out of GPU memory').first().waitFor();
    },
  },
  'failed-390': {
    width: 390,
    tell: async (page, form) => {
      await prompt(form, 'mock:fail');
      await press(form);
      await page.getByText('Out of GPU memory').first().waitFor();
    },
  },
  loras: {
    tell: async (_, form) => {
      await form.locator('summary', { hasText: 'LoRA' }).click();
      await form.getByRole('button', { name: 'Chinese Rap' }).click();
      await form.getByRole('slider', { name: 'Strength of Chinese Rap' }).waitFor();
      const drop = form.locator('input[accept=".safetensors"]');
      await drop.setInputFiles(
        lora(
          'a very long adapter name made by someone who never deletes runs-v17-final.safetensors',
          7,
          64,
        ),
      );
      await form.getByRole('slider', { name: /never deletes/ }).waitFor();
      await drop.setInputFiles(lora('bad.safetensors', 1, 3));
      await form.page().getByText('This is not a LoRA').waitFor();
    },
  },
  'lyrics-writing': {
    mode: 'lyrics',
    options: { speed: 1 },
    tell: async (_, form) => {
      await form.locator('[name=brief]').fill('night drive');
      await press(form);
      await form.getByText('[Verse]').waitFor();
    },
  },
  'lyrics-used': {
    mode: 'lyrics',
    tell: async (page, form) => {
      await pane(page, 'generate')
        .locator('[name=lyrics]')
        .evaluate(() => {});
      await form.locator('[name=brief]').fill('night drive');
      await press(form);
      await form.locator('#use_in_generate_btn:enabled').click({ timeout: 30000 });
      await page.getByText('Lyrics are in Generate').waitFor();
    },
  },
  uploading: {
    mode: 'extend',
    tell: async (page, form) => {
      await page.route('**/uploads?*', () => {});
      const { makeSong } = await import('../mock/wav.mjs');
      await form.locator('input[accept*=".wav"]').setInputFiles({
        name: 'seed.wav',
        mimeType: 'audio/wav',
        buffer: makeSong(20, 3),
      });
      await form.getByRole('status').waitFor();
    },
  },
  'link-dialog': {
    tell: async (page, form) => {
      await prompt(form, 'waltz');
      await make(page, 'generate');
      await page.evaluate(() =>
        Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true }),
      );
      await form.getByRole('button', { name: 'Share' }).click();
      await page.getByLabel('Link', { exact: true }).waitFor();
    },
  },
  offline: {
    tell: async (page) => {
      await page.route('**/api/v1/info', (route) => route.abort());
      await page.getByText('The studio does not answer').waitFor({ timeout: 15000 });
    },
  },
  'model-test': { options: { quality: 'test', device: 'cpu' }, tell: nothing },
  'model-missing-390': { width: 390, options: { missing: true }, tell: nothing },
  'model-downloading-800': {
    width: 800,
    options: { quality: 'demo', speed: 1 },
    tell: async (page) => {
      await page.getByRole('button', { name: /Get acestep/ }).click();
      await page.getByText(/[2-9]\d %/).waitFor();
    },
  },
  'edit-result': {
    mode: 'edit',
    tell: async (page, form) => {
      await addAudio(page, 'edit', 60);
      await form.locator('[name=segment_start_s]').fill('18');
      await form.locator('[name=segment_end_s]').fill('36.5');
      await make(page, 'edit');
    },
  },
  'focus-rings': {
    tell: async (page, form) => {
      await prompt(form, 'waltz');
      await form.locator('[name=prompt]').press('Tab');
      await form.locator('[name=lyrics]').press('Tab');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
    },
  },
  instrumental: {
    tell: async (_, form) => {
      await form.locator('[name=lyrics]').fill('[Verse]\nkept words');
      await form.getByText('Instrumental', { exact: true }).click();
    },
  },
  away: {
    tell: async (page) => {
      await page.route('**/api/v1/**', (route) => route.abort());
      await page.reload();
      await page.getByText('Trying again').waitFor();
    },
  },
};

for (const [name, state] of Object.entries(states)) {
  if (!name.includes(only)) continue;
  const harness = await Harness.start({ speed: 6, ...state.options });
  try {
    const page = await harness.open('/', state.width ?? 1440, state.width === 390 ? 844 : 900);
    const mode = state.mode ?? 'generate';
    await choose(page, mode);
    await state.tell(page, pane(page, mode));
    await page.waitForTimeout(150);
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: state.width === 390 });
  } catch (error) {
    console.error(name, String(error).split('\n')[0]);
  } finally {
    await harness.close().catch((error: unknown) => console.error(name, String(error)));
  }
}
