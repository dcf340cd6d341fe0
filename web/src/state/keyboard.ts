// Keys that work everywhere: space plays, arrows seek, Ctrl+Enter starts.
import type { Studio } from './studio.svelte';

const TYPING = 'input, textarea, select, button, summary, a, [role="slider"], [contenteditable]';

// `start` presses the main button of the open mode.
export function handleKey(event: KeyboardEvent, studio: Studio, start: () => void) {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    start();
    return;
  }
  const busy = event.target instanceof Element && event.target.closest(TYPING) !== null;
  if (busy || event.ctrlKey || event.metaKey || event.altKey) return;
  const player = studio.output.player;
  if (!player.url) return;
  if (event.key === ' ') player.toggle();
  else if (event.key === 'ArrowLeft') player.skip(-1);
  else if (event.key === 'ArrowRight') player.skip(1);
  else return;
  event.preventDefault();
}
