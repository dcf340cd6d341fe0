// The page's state as a whole: who owns what, and what happens between the modes.
import type { Client } from '../api/client';
import { problem, toProblem } from '../api/problem';
import {
  MODES,
  type FileRole,
  type HistoryItem,
  type Mode,
  type Options,
  type Problem,
  type Result,
  type ServerInfo,
} from '../api/types';
import { Adapters } from './adapters.svelte';
import { loadDraft, saveDraft } from './drafts';
import { Form, valuesOfRequest } from './form.svelte';
import { Output } from './output.svelte';
import { makeLink, readLink, type Permalink } from './permalink';
import { Toasts, type ToastAction } from './toasts.svelte';
import { Uploads } from './uploads.svelte';

const INFO_MS = 5000;

type SongMode = Exclude<Mode, 'lyrics'>;

export class Studio {
  readonly toasts = new Toasts();
  readonly adapters: Adapters;
  readonly uploads: Uploads;
  readonly forms: Record<Mode, Form>;
  readonly outputs: Record<Mode, Output>;
  mode = $state<Mode>('generate');
  info = $state.raw<ServerInfo | null>(null); // null: the server does not answer
  history = $state.raw<HistoryItem[]>([]);
  missingFile = $state<Partial<Record<Mode, string>>>({}); // upload that a link could not carry
  link = $state(''); // shown for copying by hand

  constructor(
    readonly client: Client,
    options: Options,
    info: ServerInfo,
  ) {
    this.info = info;
    this.adapters = new Adapters(client, this.toasts);
    this.uploads = new Uploads(client, this.toasts);
    const events = {
      problem: (found: Problem, mode: Mode) => this.tell(found, mode),
      finished: () => void this.refreshHistory(),
    };
    const tables = new Map(options.modes.map((table) => [table.mode, table]));
    this.forms = byMode((mode) => {
      const table = tables.get(mode);
      if (!table) throw new Error(`The server offers no mode '${mode}'.`);
      return new Form(table);
    });
    this.outputs = byMode((mode) => new Output(mode, client, events));
  }

  get form() {
    return this.forms[this.mode];
  }
  get output() {
    return this.outputs[this.mode];
  }

  async start(search: string) {
    for (const mode of MODES) {
      const draft = loadDraft(mode);
      if (draft) this.forms[mode].restore(draft);
    }
    const link = readLink(search);
    if (link) this.openLink(link);
    setInterval(() => void this.refreshInfo(), INFO_MS);
    await Promise.all([this.refreshHistory(), this.checkUploads()]);
    try {
      await this.adapters.refresh();
      if (link) await this.restoreLoras(link);
      for (const job of (await this.client.activeJobs()).jobs)
        if (job.mode) void this.outputs[job.mode].adopt(job);
    } catch (error) {
      this.toasts.show(toProblem(error));
    }
  }

  saveDraft(mode: Mode) {
    saveDraft(mode, this.forms[mode].snapshot());
  }

  // A file dropped anywhere on the page.
  dropped(file: File) {
    if (file.name.toLowerCase().endsWith('.safetensors') && this.form.loraField)
      void this.adapters.upload(this.form, file);
    else this.uploads.dropped(file, this.form, this.forms, (mode) => (this.mode = mode));
  }

  // Before the page goes away.
  saveDrafts() {
    for (const mode of MODES) this.saveDraft(mode);
  }

  async submit(mode: Mode): Promise<boolean> {
    const [form, output] = [this.forms[mode], this.outputs[mode]];
    if (output.busy) return false;
    const found = form.check();
    if (found) {
      this.tell(found, mode);
      return false;
    }
    this.toasts.closeFieldErrors();
    await output.submit(form.toRequest());
    return true;
  }

  tell(found: Problem, mode: Mode) {
    if (found.field) this.forms[mode].errors[found.field] = found.message;
    this.toasts.show(found, this.waysOut(found, mode));
  }

  private waysOut(found: Problem, mode: Mode): ToastAction[] {
    const form = this.forms[mode];
    const length = ['duration_s', 'extra_duration_s'].find((path) => form.fields.has(path));
    const known: Partial<Record<string, ToastAction>> = {
      retry: { label: 'Try again', run: () => void this.submit(mode) },
      fewer_steps: { label: 'Fewer steps', run: () => halve(form, 'advanced.inference_steps') },
      remove_lora: { label: 'Remove LoRA', run: () => void (form.loras = []) },
      shorter_duration: length && { label: 'Half the length', run: () => halve(form, length) },
    } as Partial<Record<string, ToastAction>>;
    return (found.actions ?? []).flatMap((name) => known[name] ?? []);
  }

  // Lyrics draft -> Generate, with one undo.
  useLyrics(draft: string) {
    if (!draft.trim()) return;
    const form = this.forms.generate;
    const before = form.text('lyrics');
    form.set('lyrics', draft);
    form.set('instrumental', false);
    this.mode = 'generate';
    const undo = { label: 'Undo', run: () => form.set('lyrics', before) };
    const replaced = before.trim() !== '' && before !== draft;
    this.toasts.info(
      'Lyrics are in Generate',
      replaced ? 'They replaced what was there.' : 'Add a style prompt and go.',
      replaced ? [undo] : [],
    );
  }

  // A result becomes the input of another mode.
  async sendTo(mode: SongMode, result: Result, file: FileRole) {
    const field = this.forms[mode].uploadField;
    if (!field) return;
    try {
      const role = field.name as 'ref_audio' | 'seed_audio' | 'source_audio';
      const upload = await this.client.uploadFromResult(result.id, file, role);
      this.forms[mode].setUpload(upload);
      this.mode = mode;
      this.toasts.info(`${field.label} is set`, upload.name);
    } catch (error) {
      this.toasts.show(toProblem(error));
    }
  }

  async openHistory(item: HistoryItem) {
    await this.outputs[item.mode].open(item.result_id);
    this.mode = item.mode;
  }

  // Puts the request behind a result back into its form.
  editAgain(result: Result) {
    const form = this.forms[result.mode];
    form.restore({
      values: valuesOfRequest(result.request),
      upload: form.upload,
      loras: form.loras,
    });
    this.mode = result.mode;
  }

  shareLink(origin: string, result: Result): { url: string; lyricsDropped: boolean } {
    const seed = result.metadata['seed'];
    const values = valuesOfRequest({
      ...result.request,
      seed: typeof seed === 'number' ? seed : null,
    });
    const form = this.forms[result.mode];
    const scalars = Object.fromEntries(
      [...form.fields.keys()].flatMap((path) => {
        const value = values[path];
        return value === undefined || typeof value === 'object' ? [] : [[path, value]];
      }),
    );
    const names = new Map(
      [...this.adapters.presets, ...form.loras.map((e) => e.lora)].map((l) => [l.id, l.name]),
    );
    const loras = (result.request.loras ?? []).map((l) => ({
      name: names.get(l.id) ?? l.id,
      scale: l.scale,
    }));
    const file = form.uploadField ? (form.upload?.name ?? form.uploadField.label) : '';
    return makeLink(origin, { mode: result.mode, values: scalars, loras, file });
  }

  private openLink(link: Permalink) {
    this.mode = link.mode;
    this.forms[link.mode].restore({ values: link.values });
    if (link.missingFile) this.missingFile[link.mode] = link.missingFile;
  }

  private async restoreLoras(link: Permalink) {
    for (const { name, scale } of link.loras) {
      const preset = this.adapters.presets.find((p) => p.name === name);
      if (preset) await this.adapters.togglePreset(this.forms[link.mode], preset, scale);
      else {
        const message = `The link uses ${name}; upload the file to hear the same.`;
        this.toasts.show(problem('A LoRA is missing', message, { level: 'warning', code: 'lora' }));
      }
    }
  }

  // Uploads of drafts may have been cleaned up meanwhile.
  private async checkUploads() {
    for (const form of Object.values(this.forms)) {
      if (!form.upload) continue;
      try {
        await this.client.audioUpload(form.upload.id);
      } catch {
        this.missingFile[form.mode] = form.upload.name;
        form.upload = null;
      }
    }
  }

  async refreshInfo() {
    try {
      this.info = await this.client.info();
    } catch {
      this.info = null;
    }
  }

  async refreshHistory() {
    try {
      this.history = (await this.client.history()).items;
    } catch {
      // The status in the header already tells that the server is away.
    }
  }
}

function byMode<T>(make: (mode: Mode) => T): Record<Mode, T> {
  return Object.fromEntries(MODES.map((mode) => [mode, make(mode)])) as Record<Mode, T>;
}

function halve(form: Form, path: string) {
  const field = form.field(path);
  const half = Math.round(Number(form.value(path)) / 2);
  form.set(path, Math.max(field.range?.min ?? 0, half));
}
