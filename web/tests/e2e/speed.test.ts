// The page's figures, of the built server. Each is printed; the best of a few loads counts, because
// other programs may use the machine.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Harness, pane } from '../support/harness';
import { startRealStudio } from '../support/real_studio';
import { hurry, make } from './steps';

const LOADS = 5;

let studio: Harness;
beforeAll(async () => (studio = await Harness.against(await startRealStudio())));
afterAll(async () => studio.close());

interface Figures {
  firstByte: number; // ms
  interactive: number; // ms, from the start of the navigation to a form that can be used
  bytes: number; // compressed, everything but the API's answers
}

// A tab of its own has an empty cache.
async function load(): Promise<Figures> {
  let figures: Figures | null = null;
  await studio.story(async (page) => {
    await page.addInitScript(() => {
      const seen = () => {
        if (!document.querySelector('#pane-generate button.submit:not(:disabled)')) return;
        Object.assign(window, { interactive: performance.now() });
        watch.disconnect();
      };
      const watch = new MutationObserver(seen);
      watch.observe(document, { childList: true, subtree: true });
    });
    await page.reload();
    await pane(page, 'generate').locator('button.submit').waitFor();
    figures = await page.evaluate(() => {
      const [page] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
      const files = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
      const parts = files.filter((file) => !file.name.includes('/api/'));
      return {
        firstByte: (page?.responseStart ?? Infinity) - (page?.requestStart ?? 0),
        interactive: (window as unknown as { interactive: number }).interactive,
        bytes: parts.reduce((sum, file) => sum + file.encodedBodySize, page?.encodedBodySize ?? 0),
      };
    });
  });
  if (!figures) throw new Error('the page did not load');
  return figures;
}

describe('the page', () => {
  it('comes at once, is small and can be used within a second', async () => {
    const loads: Figures[] = [];
    for (let i = 0; i < LOADS; i++) loads.push(await load());
    const best = (pick: (figures: Figures) => number) => Math.min(...loads.map(pick));
    const bytes = Math.max(...loads.map((figures) => figures.bytes));
    const [firstByte, interactive] = [best((f) => f.firstByte), best((f) => f.interactive)];
    console.log(
      `first byte ${firstByte.toFixed(1)} ms, interactive ${interactive.toFixed(0)} ms, ${bytes} bytes`,
    );
    expect(firstByte).toBeLessThan(50);
    expect(interactive).toBeLessThan(1000);
    expect(bytes).toBeLessThan(350_000);
    expect(bytes).toBeGreaterThan(20_000); // something was measured
  });

  it.each([390, 1440])('does not move when a result arrives, at %i px', (width) =>
    studio.story(
      async (page) => {
        await page.evaluate(() => {
          const shifts: number[] = [];
          Object.assign(window, { shifts });
          type Shift = PerformanceEntry & { value: number; hadRecentInput: boolean };
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries() as Shift[])
              if (!entry.hadRecentInput) shifts.push(entry.value);
          }).observe({ type: 'layout-shift' });
        });
        await hurry(page, 'generate');
        await make(page, 'generate', 'waltz');
        await page.waitForTimeout(500);
        const total = await page.evaluate(() =>
          (window as unknown as { shifts: number[] }).shifts.reduce((a, b) => a + b, 0),
        );
        console.log(`cumulative layout shift at ${width} px: ${total.toFixed(4)}`);
        expect(total).toBeLessThan(0.02);
      },
      '/',
      width,
      900,
    ),
  );
});
