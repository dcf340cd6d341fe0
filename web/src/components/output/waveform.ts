// wavesurfer.js in our look. It draws served peaks into a shadow root whose styles we adopt here,
// because the content security policy forbids the inline <style> it would write (vite.config.ts).
import WaveSurfer from 'wavesurfer.js';
import type { Peaks } from '../../api/types';

export const WAVE_HEIGHT = 72;

const SHEET = `
  :host { user-select: none; min-width: 1px; }
  .scroll { overflow: hidden; width: 100%; position: relative; }
  .wrapper { position: relative; overflow: visible; z-index: 2; }
  .canvases { min-height: ${WAVE_HEIGHT}px; pointer-events: none; }
  .canvases > div, .progress > div { position: relative; }
  canvas { display: block; position: absolute; top: 0; max-width: 100%; }
  .progress { pointer-events: none; position: absolute; z-index: 2; inset: 0 auto auto 0; width: 0; height: 100%; overflow: hidden; }
  .progress canvas { max-width: none; }
  .cursor { pointer-events: none; position: absolute; z-index: 5; inset: 0 auto auto 0; height: 100%; }
`;

// Highest and lowest sample alternate, so that one channel carries both sides.
function interleave({ min, max }: Peaks): number[] {
  return max.flatMap((high, index) => [high, min[index] ?? 0]);
}

export function createWaveform(
  container: HTMLElement,
  media: HTMLMediaElement,
  peaks: Peaks,
  duration: number,
  waveColor = '#6b6b6b',
): WaveSurfer {
  const wave = WaveSurfer.create({
    container,
    media,
    peaks: [interleave(peaks)],
    duration,
    height: WAVE_HEIGHT,
    waveColor,
    progressColor: '#ffffff',
    cursorColor: '#ffffff',
    cursorWidth: 1,
    barWidth: 2,
    barGap: 1,
    barRadius: 1,
    normalize: true,
    dragToSeek: true,
    hideScrollbar: true,
  });
  const root = wave.getWrapper().getRootNode();
  if (root instanceof ShadowRoot) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(SHEET);
    root.adoptedStyleSheets = [sheet];
  }
  return wave;
}
