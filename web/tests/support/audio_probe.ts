// Looks into the page's audio elements, which are not part of the document.
import type { Page } from 'playwright-core';

interface Probed extends Window {
  sounds: HTMLAudioElement[];
}

// Before the page loads: remembers every element that it makes.
export async function probeAudio(page: Page) {
  await page.addInitScript(() => {
    const sounds: HTMLAudioElement[] = [];
    const Original = window.Audio;
    window.Audio = class extends Original {
      constructor(source?: string) {
        super(source);
        sounds.push(this);
      }
    };
    Object.assign(window, { sounds });
  });
}

export interface Sound {
  duration: number;
  time: number;
  heard: number; // seconds that were really played
}

// Of the element that plays or was played last.
export const sound = (page: Page): Promise<Sound | null> =>
  page.evaluate(() => {
    const all = (window as unknown as Probed).sounds;
    const heard = (audio: HTMLAudioElement) => {
      let total = 0;
      for (let i = 0; i < audio.played.length; ++i)
        total += audio.played.end(i) - audio.played.start(i);
      return total;
    };
    const found = all.filter((audio) => audio.src && heard(audio) > 0).at(-1);
    return found
      ? { duration: found.duration, time: found.currentTime, heard: heard(found) }
      : null;
  });
