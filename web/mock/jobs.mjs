// Plays jobs: the events a real job would send, at a chosen speed, and the result at the end.
import { createHash, randomBytes } from 'node:crypto';
import { makeSong, peaksOf, readWav } from './wav.mjs';

const draft = `[Intro]
(soft humming)

[Verse]
Headlights drawing lines across the rain
Every mile is one I drive again
The radio forgets the words we knew
I hum them back until they lead to you

[Chorus]
Carry me home, carry me slow
Past every light that I used to know
Carry me home, I'm almost there
Morning is hiding in your hair

[Bridge]
And if the engine falls asleep
I'll walk the miles I meant to keep

[Outro]
Carry me home
`;

export const newId = (prefix) => `${prefix}_${randomBytes(8).toString('hex')}`;
const now = () => new Date().toISOString();
const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const round = (value) => Math.round(value * 10) / 10;

// Of a model, at a speed that nobody has.
const transfer = (share) => ({
  bytes: Math.round(9.6e9 * share),
  total: 9.6e9,
  bytes_per_s: 32e6,
});

export class Studio {
  constructor(speed) {
    this.pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms / speed));
    this.jobs = new Map();
    this.results = new Map();
    this.uploads = new Map();
    this.files = new Map();
    this.history = [];
    this.line = Promise.resolve();
    this.waiting = 0;
    this.warm = false;
  }

  addFile(bytes, mime, name) {
    const id = randomBytes(16).toString('hex');
    this.files.set(id, { bytes, mime, name });
    return `/files/${id}`;
  }

  audioFile(role, bytes, name, lufs = null) {
    return {
      role,
      url: this.addFile(bytes, 'audio/wav', name),
      mime: 'audio/wav',
      bytes: bytes.length,
      duration_s: readWav(bytes).duration_s,
      peaks: peaksOf(bytes),
      lufs,
    };
  }

  active(session, kind) {
    return [...this.jobs.values()].find(
      (j) =>
        j.session === session &&
        j.view.kind === kind &&
        ['queued', 'running'].includes(j.view.state),
    );
  }

  start(session, kind, mode, request, play) {
    const view = {
      id: newId('j'),
      kind,
      mode,
      state: 'queued',
      created_at: now(),
      last_event: 0,
      queue: null,
      progress: null,
      plan: null,
      text: '',
      tokens: 0,
      model: null,
      warnings: [],
      error: null,
      result_id: null,
      request,
      existing: false,
    };
    const job = { session, view, events: [], listeners: new Set(), cancelled: false };
    this.jobs.set(view.id, job);
    const ahead = this.waiting++;
    this.emit(job, { kind: 'queued', jobs_ahead: ahead, wait_s: ahead ? 8 * ahead : null });
    this.line = this.line.then(() => this.run(job, play));
    return job;
  }

  async run(job, play) {
    this.waiting--;
    if (job.cancelled) return;
    job.started = Date.now();
    try {
      await play(job);
    } catch (problem) {
      if (problem === 'cancelled') this.emit(job, { kind: 'cancelled' });
      else this.emit(job, { kind: 'error', problem: { level: 'error', field: null, ...problem } });
    }
  }

  cancel(job) {
    job.cancelled = true;
    if (job.view.state === 'queued') this.emit(job, { kind: 'cancelled' });
  }

  emit(job, event) {
    const view = job.view;
    const numbered = { id: ++view.last_event, ...event };
    if (event.kind === 'queued')
      view.queue = { jobs_ahead: event.jobs_ahead, wait_s: event.wait_s };
    else if (event.kind === 'done')
      Object.assign(view, { state: 'done', result_id: event.result_id });
    else if (event.kind === 'error') Object.assign(view, { state: 'failed', error: event.problem });
    else if (event.kind === 'cancelled') view.state = 'cancelled';
    else {
      view.state = 'running';
      if (event.kind === 'plan') view.plan = event.plan;
      else if (event.kind === 'text')
        Object.assign(view, { text: view.text + event.text, tokens: event.tokens });
      else if (event.kind === 'warning') view.warnings.push(event.problem);
      else view.progress = event;
    }
    job.events.push(numbered);
    for (const listen of job.listeners) listen(numbered);
  }

  async stage(job, kind, steps, ms, eta, message = '') {
    for (let step = 1; step <= steps; ++step) {
      await this.pause(ms);
      if (job.cancelled) throw 'cancelled';
      this.emit(job, {
        kind,
        fraction: step / steps,
        step: kind === 'loading' ? 0 : step,
        total: kind === 'loading' ? 0 : steps,
        elapsed_s: round((Date.now() - job.started) / 1000),
        eta_s: eta === null ? null : round(eta * (1 - step / steps)),
        message,
        transfer: kind === 'downloading' ? transfer(step / steps) : null,
      });
    }
  }

  song(session, request) {
    return this.start(session, 'song', request.mode, request, async (job) => {
      if (!this.warm) await this.stage(job, 'loading', 6, 120, null, 'song model');
      this.warm = true;
      let plan = null;
      if (request.mode === 'generate' && request.lm?.thinking !== false) {
        await this.stage(job, 'planner', 5, 120, 6, 'writing audio codes');
        plan = {
          caption: `${request.prompt}, intimate, tape saturation`,
          bpm: request.advanced?.bpm ?? 84,
          keyscale: request.advanced?.keyscale || 'A minor',
          timesignature: '4',
          vocal_language: 'en',
        };
        this.emit(job, { kind: 'plan', plan });
      }
      if (/mock:fail/.test(request.prompt ?? '')) {
        throw {
          code: 'out_of_memory',
          title: 'Out of GPU memory',
          message: 'The song needs about 9.1 GiB and 7.8 GiB are free. Try a shorter duration.',
          actions: ['shorter_duration', 'retry'],
        };
      }
      const steps = request.advanced?.inference_steps ?? 27;
      await this.stage(job, 'encoding', 1, 60, 4);
      await this.stage(job, 'diffusion', steps, 90, 3);
      await this.stage(job, 'decoding', 4, 90, 1);
      const result = this.finishSong(job, request, plan);
      this.emit(job, { kind: 'done', result_id: result.id });
    });
  }

  finishSong(job, request, plan) {
    const input = this.uploads.get(request.ref_audio ?? request.seed_audio ?? request.source_audio);
    const seed = request.seed > 0 ? request.seed : 1 + Math.floor(Math.random() * 2147483646);
    const inputLength = input?.audio.duration_s ?? 0;
    const duration =
      request.mode === 'extend'
        ? inputLength + (request.extra_duration_s ?? 60)
        : request.mode === 'edit'
          ? inputLength
          : (request.duration_s ?? 30);
    const audio = makeSong(duration, seed);
    const files = [this.audioFile('song', audio, `${job.view.id}.wav`, -11.8)];
    if (input)
      files.push({
        ...this.audioFile('input', this.files.get(input.url.slice(7)).bytes, input.name),
      });
    const { mode, prompt, advanced = {}, lm = {}, loras = [], ...rest } = request;
    const label = (prompt || request.extra_prompt || request.target_lyrics || `(${mode})`).slice(
      0,
      30,
    );
    return this.addResult(job, {
      mode,
      label,
      duration_s: duration,
      files,
      text: '',
      seed_end_s: mode === 'extend' ? inputLength : null,
      segment:
        mode === 'edit'
          ? {
              start_s: request.segment_start_s ?? 0,
              end_s: request.segment_end_s ?? Math.min(30, duration),
            }
          : null,
      metadata: {
        schema: 'ams.meta/1',
        job_id: job.view.id,
        created_at: now(),
        app: {
          version: '0.1.0',
          commit: 'mock',
          device: 'cuda',
          device_name: 'Mock GPU',
          precision: 'bf16',
        },
        models: {
          dit: 'acestep-v15-xl-sft',
          lm: 'acestep-5Hz-lm-1.7B',
          text_encoder: 'Qwen3-Embedding-0.6B',
          vae: 'vae',
        },
        mode,
        seed,
        prompt: prompt ?? '',
        instrumental: Boolean(request.instrumental),
        duration_s: duration,
        mode_params: rest,
        advanced,
        lm,
        dcw: {},
        lm_used: plan !== null,
        lm_result: plan,
        loras,
        ignored_params: [],
        warnings: [],
        audio: {
          sample_rate: 48000,
          channels: 2,
          bits: 16,
          duration_s: duration,
          peak_dbfs: -0.8,
          integrated_lufs: -11.8,
        },
        output_sha256: sha256(audio),
        estimated_duration_s: 90,
        queue_seconds: 0.2,
        load_seconds: 0,
        wall_seconds: round((Date.now() - job.started) / 1000),
        attempts: 1,
      },
    });
  }

  addResult(job, parts) {
    const result = {
      id: newId('r'),
      job_id: job.view.id,
      session: job.session,
      created_at: now(),
      expires_at: new Date(Date.now() + 86400e3).toISOString(),
      request: job.view.request,
      inputs_available: true,
      ...parts,
    };
    this.results.set(result.id, result);
    this.history.unshift(result);
    return result;
  }

  lyrics(session, request) {
    return this.start(session, 'lyrics', 'lyrics', request, async (job) => {
      await this.stage(job, 'loading', 3, 100, null, 'lyrics model');
      const words = draft.match(/\s*\S+/g);
      for (let i = 0; i < words.length; ++i) {
        await this.pause(35);
        if (job.cancelled) throw 'cancelled';
        this.emit(job, { kind: 'text', text: words[i], tokens: i + 1 });
      }
      const result = this.addResult(job, {
        mode: 'lyrics',
        label: request.brief.slice(0, 30),
        duration_s: 0,
        files: [],
        text: draft,
        seed_end_s: null,
        segment: null,
        metadata: {
          schema: 'ams.meta/1',
          mode: 'lyrics',
          model: 'Qwen2.5-7B-Instruct',
          brief_first_line: request.brief.split('\n')[0],
          seed: request.seed ?? 42,
          tokens_generated: words.length,
          stop_reason: 'end',
          output_sha256: sha256(draft),
        },
      });
      this.emit(job, { kind: 'done', result_id: result.id });
    });
  }

  post(session, kind, result) {
    const job = this.start(session, kind, null, null, async (job) => {
      await this.stage(job, 'post', kind === 'stems' ? 12 : 4, 90, 1, kind);
      const song = this.files.get(result.files[0].url.slice(7)).bytes;
      if (kind === 'stems') {
        ['vocals', 'drums', 'bass', 'other'].forEach((stem, i) =>
          result.files.push(
            this.audioFile(stem, makeSong(result.duration_s, 77 + i * 1013), `${stem}.wav`),
          ),
        );
        result.files.push({
          role: 'stems_zip',
          url: this.addFile(song, 'application/zip', 'stems.zip'),
          mime: 'application/zip',
          bytes: song.length * 4,
          duration_s: null,
          peaks: null,
          lufs: null,
        });
      } else if (kind === 'normalise') {
        result.files.push(this.audioFile('normalised', song, 'normalised.wav', -14));
      } else {
        const mime = kind === 'mp3' ? 'audio/mpeg' : 'audio/flac';
        result.files.push({
          role: kind,
          url: this.addFile(song, mime, `song.${kind}`),
          mime,
          bytes: Math.round(song.length * (kind === 'mp3' ? 0.21 : 0.55)),
          duration_s: result.duration_s,
          peaks: null,
          lufs: null,
        });
      }
      this.emit(job, { kind: 'done', result_id: result.id });
    });
    job.view.result_id = result.id;
    return job;
  }
}
