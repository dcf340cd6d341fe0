// LoRA adapters that the server offers, and putting them on a form's stack.
import type { Client } from '../api/client';
import { followJob } from '../api/event_stream';
import { ApiError, problem, toProblem } from '../api/problem';
import type { Lora } from '../api/types';
import type { Form } from './form.svelte';
import type { Toasts } from './toasts.svelte';

export class Adapters {
  presets = $state.raw<Lora[]>([]);
  preparing = $state<Record<string, number>>({}); // preset id -> share downloaded
  uploading = $state<number | null>(null);

  constructor(
    private readonly client: Client,
    private readonly toasts: Toasts,
  ) {}

  // Returns every adapter that a form of this session may use.
  async refresh(): Promise<Lora[]> {
    const { presets, custom } = await this.client.loras();
    this.presets = presets;
    return [...presets, ...custom];
  }

  // After a song: which adapters the engine really applied.
  async confirm(form: Form) {
    if (form.loras.length === 0) return;
    const known = new Map((await this.refresh()).map((lora) => [lora.id, lora]));
    for (const entry of form.loras) entry.lora = known.get(entry.lora.id) ?? entry.lora;
  }

  add(form: Form, lora: Lora, scale = lora.default_scale) {
    if (form.loras.some((entry) => entry.lora.id === lora.id)) {
      this.toasts.info('Already on the stack', `${lora.name} is used once; move its slider.`);
      return;
    }
    form.loras.push({ lora, scale });
  }

  remove(form: Form, id: string) {
    form.loras = form.loras.filter((entry) => entry.lora.id !== id);
  }

  async togglePreset(form: Form, preset: Lora, scale?: number) {
    if (form.loras.some((entry) => entry.lora.id === preset.id)) {
      this.remove(form, preset.id);
      return;
    }
    try {
      if (preset.state === 'not_downloaded') await this.prepare(preset);
      const ready = this.presets.find((p) => p.id === preset.id) ?? preset;
      if (ready.state !== 'not_downloaded') this.add(form, ready, scale);
    } catch (error) {
      const found = toProblem(error);
      this.toasts.show({ ...found, title: `Could not fetch preset ${preset.name}` }, [
        { label: 'Retry', run: () => void this.togglePreset(form, preset, scale) },
      ]);
    }
  }

  private async prepare(preset: Lora) {
    if (preset.id in this.preparing) return;
    this.preparing[preset.id] = 0;
    try {
      const job = await this.client.prepareLora(preset.id);
      let failure = job.error;
      await followJob(
        this.client,
        job,
        (event) => {
          if (event.kind === 'downloading') this.preparing[preset.id] = event.fraction ?? 0;
          if (event.kind === 'error') failure = event.problem;
        },
        new AbortController().signal,
      );
      if (failure) throw new ApiError(0, failure);
      await this.refresh();
    } finally {
      delete this.preparing[preset.id];
    }
  }

  async upload(form: Form, file: File) {
    if (!file.name.toLowerCase().endsWith('.safetensors')) {
      const message = `${file.name} is not a .safetensors file.`;
      this.toasts.show(problem('This is not a LoRA', message, { code: 'unsupported' }));
      return;
    }
    this.uploading = 0;
    try {
      const onProgress = (fraction: number) => (this.uploading = fraction);
      this.add(form, await this.client.uploadLora(file, { onProgress }));
    } catch (error) {
      this.toasts.show(toProblem(error));
    } finally {
      this.uploading = null;
    }
  }
}
