// The page's state as a whole: who owns what, and what happens between the modes.
import type { Client } from '../api/client';
import { offline, toProblem } from '../api/problem';
import {
  MODES,
  type FileRole,
  type HistoryItem,
  type Mode,
  type ModelInfo,
  type Options,
  type Problem,
  type Result,
  type ServerInfo,
} from '../api/types';
import { Adapters } from './adapters.svelte';
import { loadDraft, saveDraft } from './drafts';
import { Form, valuesOfRequest } from './form.svelte';
import { Models } from './models.svelte';
import { Output } from './output.svelte';
import { readLink, type Permalink } from './permalink';
import { resume } from './resume';
import { restoreLoras } from './sharing';
import { Toasts, type ToastAction } from './toasts.svelte';
import { Uploads } from './uploads.svelte';

const INFO_MS = 5000;

type SongMode = Exclude<Mode, 'lyrics'>;

export class Studio {
  readonly toasts = new Toasts();
  readonly adapters: Adapters;
  readonly uploads: Uploads;
  readonly models: Models;
  readonly forms: Record<Mode, Form>;
  readonly outputs: Record<Mode, Output>;
  mode = $state<Mode>('generate');
  info = $state.raw<ServerInfo>() as ServerInfo; // the latest that the server told
  online = $state(true); // it answered the last time
  history = $state.raw<HistoryItem[]>([]);
  missingFile = $state<Partial<Record<Mode, string>>>({}); // upload that a link could not carry
  link = $state(''); // shown for copying by hand

  constructor(
    readonly client: Client,
    options: Options,
    info: ServerInfo,
    models: ModelInfo[],
  ) {
    this.info = info;
    this.adapters = new Adapters(client, this.toasts);
    this.uploads = new Uploads(client, this.toasts);
    this.models = new Models(client, this.toasts, models);
    const events = {
      problem: (found: Problem, mode: Mode) => this.tell(found, mode),
      finished: ({ mode }: Result) => {
        void this.refreshHistory();
        this.adapters.confirm(this.forms[mode]).catch(() => {}); // they then stay as they are
      },
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
    try {
      await resume(this);
      if (link) await restoreLoras(this, link);
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

  // Puts the request behind a result back into its form, inputs included while they exist.
  async editAgain(result: Result) {
    const form = this.forms[result.mode];
    const { request, mode } = result;
    const id = form.uploadField ? request[form.uploadField.name] : null;
    try {
      const found = typeof id === 'string' ? await this.client.audioUpload(id) : null;
      const known = new Map((await this.adapters.refresh()).map((lora) => [lora.id, lora]));
      const loras = (request.loras ?? []).flatMap((choice) => {
        const lora = known.get(choice.id);
        return lora ? [{ lora, scale: choice.scale }] : [];
      });
      form.restore({ values: valuesOfRequest(request), upload: found, loras });
    } catch (error) {
      form.restore({ values: valuesOfRequest(request), upload: form.upload, loras: form.loras });
      this.toasts.show({ ...toProblem(error), level: 'warning' });
    }
    this.mode = mode;
  }

  private openLink(link: Permalink) {
    this.mode = link.mode;
    this.forms[link.mode].restore({ values: link.values });
    if (link.missingFile) this.missingFile[link.mode] = link.missingFile;
  }

  async refreshInfo() {
    try {
      this.info = await this.client.info();
      if (!this.online) {
        this.online = true;
        this.toasts.closeCode(offline.code);
        this.toasts.info('The studio is back', 'Everything is where it was.');
        await Promise.all([this.refreshHistory(), this.models.refresh()]);
      }
    } catch {
      if (this.online) this.toasts.show(offline);
      this.online = false;
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
