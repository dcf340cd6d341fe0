// Playing one file at a time. Each output panel and small player owns a Player; starting one
// pauses the others.
let sounding: HTMLAudioElement | null = null;

const SEEK_SECONDS = 5;

export class Player {
  readonly audio = new Audio();
  url = $state('');
  playing = $state(false);
  time = $state(0);
  duration = $state(0); // as the server told; the element's own length once it is known
  volume = $state(1);
  failed = $state(false);

  constructor() {
    this.audio.preload = 'metadata';
    this.audio.ontimeupdate = () => (this.time = this.audio.currentTime);
    this.audio.onseeking = () => (this.time = this.audio.currentTime);
    this.audio.onplay = () => (this.playing = true);
    this.audio.onpause = () => (this.playing = false);
    this.audio.onended = () => (this.playing = false);
    this.audio.onerror = () => (this.failed = this.url !== '');
    this.audio.ondurationchange = () => {
      if (Number.isFinite(this.audio.duration)) this.duration = this.audio.duration;
    };
  }

  // Keeps position and playing when `keepPosition`, for comparing versions of one song.
  load(url: string, duration: number, keepPosition = false) {
    if (url === this.url) return;
    const resume = keepPosition && this.playing;
    const time = keepPosition ? this.time : 0;
    this.audio.pause();
    this.failed = false;
    this.url = url;
    this.duration = duration;
    this.time = Math.min(time, duration);
    if (url === '') {
      this.audio.removeAttribute('src');
      return;
    }
    this.audio.src = url;
    this.audio.currentTime = this.time;
    if (resume) this.play();
  }

  play() {
    if (sounding && sounding !== this.audio) sounding.pause();
    sounding = this.audio;
    // A refused start (no gesture yet, file gone) leaves the player paused; onerror tells.
    this.audio.play().catch(() => (this.playing = false));
  }

  toggle() {
    if (this.playing) this.audio.pause();
    else if (this.url) this.play();
  }

  seek(seconds: number) {
    if (!this.url) return;
    this.audio.currentTime = Math.min(Math.max(0, seconds), this.duration);
    this.time = this.audio.currentTime;
  }

  skip(direction: -1 | 1) {
    this.seek(this.time + direction * SEEK_SECONDS);
  }

  setVolume(volume: number) {
    this.volume = volume;
    this.audio.volume = volume;
  }

  close() {
    this.audio.pause();
    this.load('', 0);
  }
}
